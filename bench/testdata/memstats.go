// This file is laid over each program for the run that counts allocations: on
// SIGUSR1 it prints the totals since the start.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

func init() {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	go func() {
		for range asked {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			fmt.Fprintln(os.Stderr, "memstats", m.TotalAlloc, m.Mallocs)
		}
	}()
}
