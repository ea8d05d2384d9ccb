// Command workload is the program in the images of the sandbox that can run. It waits until it is told to stop, whatever its
// arguments are, as a server would; a few arguments make it do something else.
//
//	env            print the environment
//	exit CODE      exit with this code
//	sleep SECONDS  exit after some time
package main

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout))
}

func run(args []string, stdout io.Writer) int {
	if len(args) == 1 && args[0] == "env" {
		fmt.Fprintln(stdout, strings.Join(slices.Sorted(slices.Values(os.Environ())), "\n"))
		return 0
	}
	if len(args) == 2 {
		number, err := strconv.Atoi(args[1])
		switch {
		case err == nil && args[0] == "exit":
			return number
		case err == nil && args[0] == "sleep":
			time.Sleep(time.Duration(number) * time.Second)
			return 0
		}
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	<-signals

	return 0
}
