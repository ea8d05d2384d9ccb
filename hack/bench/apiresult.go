package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"
)

// The budgets of reading an installation, and of the program.
const (
	maxReadingMemory = 200 << 20
	maxStart         = 100 * time.Millisecond
	startRounds      = 15
	sampleSeeds      = 2 // of the sandbox
	sampleClusters   = 4
)

// programFacts are the size of the program and the time of its start.
type programFacts struct {
	Bytes int64   `json:"bytes"`
	Start float64 `json:"startSeconds"` // of --help, the median
}

// program measures the program itself.
func (b apiBench) program(ctx context.Context) (programFacts, error) {
	path := filepath.Join(b.bin, "kubectl-kkp_mirror")
	info, err := os.Stat(path)
	if err != nil {
		return programFacts{}, err
	}
	var starts []time.Duration
	for range startRounds {
		began := time.Now()
		if err := exec.CommandContext(ctx, path, "--help").Run(); err != nil {
			return programFacts{}, err
		}
		starts = append(starts, time.Since(began))
	}
	slices.Sort(starts)
	return programFacts{Bytes: info.Size(), Start: starts[len(starts)/2].Seconds()}, nil
}

// mostRequests is the budget of requests to API servers.
func (r reading) mostRequests() int { return 20 + 10*sampleSeeds + 2*(r.Clusters+sampleClusters) }

// name returns the name of a reading in the results.
func (r reading) name() string {
	if r.All {
		return "everything that the release can use (--all)"
	}
	return fmt.Sprintf("%d user clusters", r.Clusters)
}

func printReadings(out io.Writer, readings []reading, itself programFacts) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "INSTALLATION\tLATENCY\tSECONDS\tCPU SECONDS\tREQUESTS\tOF AT MOST\tPEAK RSS")
	for _, r := range readings {
		fmt.Fprintf(w, "%s\t%.0f ms\t%.1f\t%.1f\t%d\t%d\t%.0f MiB\n",
			r.name(), 1000*r.Latency, r.Seconds, r.CPU, r.Requests, r.mostRequests(), float64(r.RSS)/(1<<20))
	}
	_ = w.Flush()
	fmt.Fprintf(out, "the program has %.1f MB, and --help takes %.0f ms\n", float64(itself.Bytes)/1e6, 1000*itself.Start)
}

// apiBudgets prints whether the budgets are kept, and returns the number of those that are not.
func apiBudgets(out io.Writer, readings []reading, itself programFacts) int {
	c := &checker{out: out}
	for _, r := range readings {
		c.check(r.Requests <= r.mostRequests(), "%s: %d requests to API servers, of %d", r.name(), r.Requests, r.mostRequests())
		c.check(r.RSS < maxReadingMemory, "%s: %.0f MiB at the most, of %d", r.name(), float64(r.RSS)/(1<<20), maxReadingMemory>>20)
		if r.budget > 0 {
			c.check(r.Seconds < r.budget, "%s, %.0f ms for each request: %.1f s, of %.0f", r.name(), 1000*r.Latency, r.Seconds, r.budget)
		}
		if r.budgetCPU > 0 {
			c.check(r.CPU < r.budgetCPU, "%s: %.1f s of CPU, of %.0f", r.name(), r.CPU, r.budgetCPU)
		}
	}
	c.check(itself.Start < maxStart.Seconds(), "start: %.0f ms, of %d", 1000*itself.Start, maxStart.Milliseconds())
	return c.broken
}
