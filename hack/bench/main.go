// Command bench measures the time of copying images over a link with latency and limited bandwidth,
// for this plugin's engine and other tools. Registries, link and each client run in separate
// processes, so that the memory of a client can be measured. "bench api" measures the time of reading
// installations with many user clusters, and "bench pods" copies by the pods of a Job. docs/performance.md explains the numbers. It must not know how
// the engine works.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// run runs the benchmark of copies, with the first argument "api" or "pods" that of reading
// installations or of copies by pods or, with a hidden first argument, one of its processes.
func run(ctx context.Context, args []string) error {
	if len(args) == 2 && args[0] == "serve" {
		var s shape
		if err := json.Unmarshal([]byte(args[1]), &s); err != nil {
			return err
		}
		return serve(s)
	}
	if len(args) == 2 && args[0] == "copy" {
		var o order
		if err := json.NewDecoder(os.Stdin).Decode(&o); err != nil {
			return err
		}
		return o.carryOut(ctx)
	}
	if len(args) > 0 {
		switch args[0] {
		case "api":
			return runAPI(ctx, args[1:])
		case "pods":
			return runPods(ctx, args[1:])
		}
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	var b bench
	flags.StringVar(&b.only, "only", "", "Only scenarios whose name contains this")
	flags.BoolVar(&b.ours, "ours", false, "Leave the other tools out")
	if err := b.parse(flags, 3, args); err != nil {
		return err
	}
	return b.run(ctx)
}
