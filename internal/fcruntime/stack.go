package fcruntime

// stackRoom is a little more than what handling an event takes of a stack, in
// bytes.
const stackRoom = 12 << 10

// growStack makes the goroutine's stack large enough for an event in one step. The
// runtime SDK starts a goroutine for each, whose stack would otherwise double three
// times on the way down, each time copied with all frames that are on it then: 4 %
// of the CPU of an event.
//
//go:noinline
func growStack(n int) byte {
	var room [stackRoom]byte
	room[n%stackRoom] = 1 // an array that is not used would not be there
	return room[n/2%stackRoom]
}
