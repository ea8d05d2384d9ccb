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
	maxStart       = 100 * time.Millisecond
	startRounds    = 15
	sampleSeeds    = 2 // of the sandbox
	sampleClusters = 4
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
func (r reading) mostRequests() int {
	return r.task.requests + r.task.perSeed*sampleSeeds + r.task.perCluster*(r.Clusters+sampleClusters)
}

func printReadings(out io.Writer, readings []reading, itself programFacts) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "COMMAND\tUSER CLUSTERS\tLATENCY\tSECONDS\tCPU SECONDS\tREQUESTS\tOF AT MOST\tPEAK RSS")
	for _, r := range readings {
		fmt.Fprintf(w, "%s\t%d\t%.0f ms\t%.1f\t%.1f\t%d\t%d\t%.0f MiB\n",
			r.Command, r.Clusters, 1000*r.Latency, r.Seconds, r.CPU, r.Requests, r.mostRequests(), float64(r.RSS)/(1<<20))
	}
	_ = w.Flush()
	fmt.Fprintf(out, "the program has %.1f MB, and --help takes %.0f ms\n", float64(itself.Bytes)/1e6, 1000*itself.Start)
}

// apiBudgets prints whether the budgets are kept, and returns the number of those that are not.
func apiBudgets(out io.Writer, readings []reading, itself programFacts) int {
	c := &checker{out: out}
	for _, r := range readings {
		what := fmt.Sprintf("%s, %d user clusters", r.Command, r.Clusters)
		c.check(r.Requests <= r.mostRequests(), "%s: %d requests to API servers, of %d", what, r.Requests, r.mostRequests())
		c.check(r.RSS < r.task.memory, "%s: %.0f MiB at the most, of %d", what, float64(r.RSS)/(1<<20), r.task.memory>>20)
		if r.task.seconds > 0 {
			c.check(r.Seconds < r.task.seconds, "%s, %.0f ms for each request: %.1f s, of %.0f", what, 1000*r.Latency, r.Seconds, r.task.seconds)
		}
		if r.task.cpu > 0 {
			c.check(r.CPU < r.task.cpu, "%s: %.1f s of CPU, of %.0f", what, r.CPU, r.task.cpu)
		}
	}
	c.check(itself.Start < maxStart.Seconds(), "start: %.0f ms, of %d", 1000*itself.Start, maxStart.Milliseconds())
	return c.broken
}
