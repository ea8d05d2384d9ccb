package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/harness"
)

// apiBench measures the commands images and check on sandboxes with many user clusters, and the program itself.
type apiBench struct {
	common
	bin  string // directory with the plugin and the sandbox
	only int    // user clusters, below 0: every number of them
}

// reading is the median of some runs of a task.
type reading struct {
	Command  string  `json:"command"`
	Clusters int     `json:"userClusters"` // in addition to those of the sample
	Latency  float64 `json:"latencySeconds"`
	Seconds  float64 `json:"seconds"`
	CPU      float64 `json:"cpuSeconds"`
	Requests int     `json:"requests"`
	RSS      int64   `json:"peakRSSBytes"`

	task task
}

// runAPI parses the arguments of the benchmark of API servers, and runs it.
func runAPI(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("bench api", flag.ContinueOnError)
	var b apiBench
	flags.StringVar(&b.bin, "bin", "bin", "The directory with the plugin and the sandbox")
	flags.IntVar(&b.only, "only", -1, "Only the installation with so many user clusters, such as 300; 0: the sample")
	if err := b.parse(flags, 3, args); err != nil {
		return err
	}
	var err error
	if b.bin, err = filepath.Abs(b.bin); err != nil {
		return err
	}
	return b.run(ctx)
}

func (b apiBench) run(ctx context.Context) error {
	itself, err := b.program(ctx)
	if err != nil {
		return err
	}
	var readings []reading
	for _, f := range fleets() {
		if b.only >= 0 && f.Clusters != b.only {
			continue
		}
		found, err := b.fleet(ctx, f)
		if err != nil {
			return fmt.Errorf("%d user clusters: %w", f.Clusters, err)
		}
		readings = append(readings, found...)
	}
	printReadings(os.Stdout, readings, itself)
	broken := apiBudgets(os.Stdout, readings, itself)
	return report(b.json, map[string]any{"readings": readings, "program": itself}, b.check, broken)
}

// fleet starts a sandbox and measures all tasks on it.
func (b apiBench) fleet(ctx context.Context, f fleet) (readings []reading, err error) {
	cache, err := os.MkdirTemp("", "bench-cache")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(cache)
	for name, value := range map[string]string{"PATH": b.bin + string(os.PathListSeparator) + os.Getenv("PATH"), "XDG_CACHE_HOME": cache} {
		if err := os.Setenv(name, value); err != nil {
			return nil, err
		}
	}
	fmt.Fprintf(os.Stderr, "starting a sandbox with %d user clusters\n", f.Clusters)
	sandbox, err := harness.Start(ctx, filepath.Join(b.bin, "sandbox"), `kubectl-kkp_mirror images --all -o name --registry-map "$MAP" || test $? = 3`, os.Stderr,
		"--clusters", fmt.Sprint(f.Clusters), "--api-latency", f.Latency.String())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, sandbox.Stop()) }()
	for _, t := range f.Tasks {
		r, err := b.task(ctx, sandbox, t)
		if err != nil {
			return readings, fmt.Errorf("%s: %w", t.name, err)
		}
		r.Command, r.Clusters, r.Latency, r.task = t.name, f.Clusters, f.Latency.Seconds(), t
		fmt.Fprintf(os.Stderr, "%s, %d user clusters: %.1f s, %.1f s of CPU, %d requests\n", r.Command, r.Clusters, r.Seconds, r.CPU, r.Requests)
		readings = append(readings, r)
	}
	return readings, nil
}

// task runs a command some times, and returns the median with the largest numbers of memory and requests.
func (b apiBench) task(ctx context.Context, sandbox *harness.Sandbox, t task) (reading, error) {
	var runs []reading
	for range b.rounds + 1 { // the first one fills the cache of charts
		r, err := b.once(ctx, sandbox, t.arguments(sandbox))
		if err != nil {
			return r, err
		}
		runs = append(runs, r)
	}
	runs = runs[1:]
	slices.SortFunc(runs, func(a, b reading) int { return int(1e6 * (a.Seconds - b.Seconds)) })
	r := runs[len(runs)/2]
	for _, run := range runs {
		r.RSS, r.Requests = max(r.RSS, run.RSS), max(r.Requests, run.Requests)
	}
	return r, nil
}

// once runs a command once. Exit code 3 is no error: the sample has charts that are nowhere, and is not
// ready to live without the internet.
func (b apiBench) once(ctx context.Context, sandbox *harness.Sandbox, args []string) (reading, error) {
	before, err := lines(sandbox.Requests)
	if err != nil {
		return reading{}, err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(b.bin, "kubectl-kkp_mirror"), args...)
	cmd.Env = append(os.Environ(), sandbox.Environment()...)
	var talk bytes.Buffer
	cmd.Stderr = &talk
	began := time.Now()
	err = cmd.Run()
	took := time.Since(began)
	if err != nil && cmd.ProcessState.ExitCode() != partial {
		return reading{}, fmt.Errorf("%w: %s", err, talk.Bytes())
	}
	after, err := lines(sandbox.Requests)
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return reading{Seconds: took.Seconds(), CPU: cpu.Seconds(), Requests: after - before, RSS: peak(cmd.ProcessState)}, err
}

// partial is the exit code of a command that could not find or do everything.
const partial = 3

func lines(file string) (int, error) {
	content, err := os.ReadFile(file)
	return bytes.Count(content, []byte("\n")), err
}
