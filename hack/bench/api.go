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

// apiBench measures the command images on sandboxes with many user clusters, and the program itself.
type apiBench struct {
	bin    string // directory with the plugin and the sandbox
	rounds int
	only   int // user clusters, below 0: every number of them
	json   string
	check  bool
}

// fleet is a sandbox with many user clusters.
type fleet struct {
	Clusters int
	Latency  time.Duration // of each request to an API server
	Args     []string      // of the command images, in addition to those of all fleets
	Seconds  float64       // budget, 0 without one
	CPU      float64       // budget in seconds, 0 without one
}

func fleets() []fleet {
	return []fleet{
		{Clusters: 0, Args: []string{"--all"}, CPU: 3}, // all that the release can use
		{Clusters: 10, Latency: 20 * time.Millisecond},
		{Clusters: 100, Latency: 20 * time.Millisecond},
		{Clusters: 300, Latency: time.Millisecond, Seconds: 3},
		{Clusters: 1000, Latency: 20 * time.Millisecond, Seconds: 10},
	}
}

// reading is the median of some runs of images.
type reading struct {
	Clusters int     `json:"userClusters"`  // in addition to those of the sample
	All      bool    `json:"all,omitempty"` // with --all
	Latency  float64 `json:"latencySeconds"`
	Seconds  float64 `json:"seconds"`
	CPU      float64 `json:"cpuSeconds"`
	Requests int     `json:"requests"`
	RSS      int64   `json:"peakRSSBytes"`

	budget    float64 // of Seconds
	budgetCPU float64 // of CPU
}

// runAPI parses the arguments of the benchmark of API servers, and runs it.
func runAPI(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("bench api", flag.ContinueOnError)
	var b apiBench
	flags.StringVar(&b.bin, "bin", "bin", "The directory with the plugin and the sandbox")
	flags.IntVar(&b.rounds, "rounds", 3, "How often everything is measured; the median counts")
	flags.IntVar(&b.only, "only", -1, "Only the installation with so many user clusters, such as 300; 0 lists all that the release can use")
	flags.StringVar(&b.json, "json", "", "Write the measurements to this file")
	flags.BoolVar(&b.check, "check", false, "Fail if a budget is not kept")
	if err := flags.Parse(args); err != nil {
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
		r, err := b.fleet(ctx, f)
		if err != nil {
			return fmt.Errorf("%d user clusters: %w", f.Clusters, err)
		}
		fmt.Fprintf(os.Stderr, "%s: %.1f s, %.1f s of CPU, %d requests\n", r.name(), r.Seconds, r.CPU, r.Requests)
		readings = append(readings, r)
	}
	printReadings(os.Stdout, readings, itself)
	broken := apiBudgets(os.Stdout, readings, itself)
	return report(b.json, map[string]any{"images": readings, "program": itself}, b.check, broken)
}

// fleet starts a sandbox and measures images on it.
func (b apiBench) fleet(ctx context.Context, f fleet) (r reading, err error) {
	cache, err := os.MkdirTemp("", "bench-cache")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(cache)
	for name, value := range map[string]string{"PATH": b.bin + string(os.PathListSeparator) + os.Getenv("PATH"), "XDG_CACHE_HOME": cache} {
		if err := os.Setenv(name, value); err != nil {
			return r, err
		}
	}
	fmt.Fprintf(os.Stderr, "starting a sandbox with %d user clusters\n", f.Clusters)
	sandbox, err := harness.Start(ctx, filepath.Join(b.bin, "sandbox"), `kubectl-kkp_mirror images --all -o name --registry-map "$MAP" || test $? = 3`, os.Stderr,
		"--clusters", fmt.Sprint(f.Clusters), "--api-latency", f.Latency.String())
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, sandbox.Stop()) }()
	var runs []reading
	for range b.rounds + 1 { // the first one fills the cache of charts
		r, err := b.images(ctx, sandbox, f.Args...)
		if err != nil {
			return r, err
		}
		r.Clusters, r.Latency, r.budget, r.budgetCPU, r.All = f.Clusters, f.Latency.Seconds(), f.Seconds, f.CPU, len(f.Args) > 0
		runs = append(runs, r)
	}
	runs = runs[1:]
	slices.SortFunc(runs, func(a, b reading) int { return int(1e6 * (a.Seconds - b.Seconds)) })
	r = runs[len(runs)/2]
	for _, run := range runs {
		r.RSS, r.Requests = max(r.RSS, run.RSS), max(r.Requests, run.Requests)
	}
	return r, nil
}

// images runs the command once. Gaps of the list, exit code 3, are no error: the sample has charts
// that are nowhere.
func (b apiBench) images(ctx context.Context, sandbox *harness.Sandbox, args ...string) (reading, error) {
	before, err := lines(sandbox.Requests)
	if err != nil {
		return reading{}, err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(b.bin, "kubectl-kkp_mirror"), append([]string{"images", "-o", "json", "--registry-map", sandbox.Upstream.RegistryMap}, args...)...)
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
