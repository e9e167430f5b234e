package term

import (
	"bufio"
	"context"
	"fmt"
	"strings"
)

// Ask puts a question and reports whether the answer is yes. Everything but yes
// means no; so does the end of ctx.
func (t *Terminal) Ask(ctx context.Context, question string) bool {
	fmt.Fprintf(t.o.Err, "%s [y/N] ", question)
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(t.o.In).ReadString('\n') // the end of the input is a no
		answer <- line
	}()
	select {
	case line := <-answer:
		line = strings.ToLower(strings.TrimSpace(line))
		return line == "y" || line == "yes"
	case <-ctx.Done():
		fmt.Fprintln(t.o.Err)
		return false
	}
}
