package function

import (
	"runtime/debug"
	"strconv"
)

// leastMemory is the smallest memory that a function can have, in MB.
const leastMemory = 128

// limitMemory lets the garbage collector begin early enough that large payloads and
// answers, of which there are several copies on their way, stay far below the
// function's memory: a quarter of it. The rest is the program itself and what must
// be in memory at once. GOMEMLIMIT goes before it. More than the limit is slower,
// never an error.
func limitMemory(env map[string]string) {
	if env["GOMEMLIMIT"] != "" {
		return
	}
	mb, err := strconv.Atoi(env["FC_FUNCTION_MEMORY_SIZE"])
	if err != nil || mb < leastMemory {
		mb = leastMemory
	}
	debug.SetMemoryLimit(int64(mb) << 20 / 4)
}
