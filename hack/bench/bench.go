package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
)

// bench is the options of the benchmark.
type bench struct {
	common
	only string
	ours bool
}

// common are the settings of each kind of benchmark.
type common struct {
	rounds int
	json   string
	check  bool
}

// parse adds the flags for these settings to those of a benchmark, and parses the arguments.
func (c *common) parse(flags *flag.FlagSet, rounds int, args []string) error {
	flags.IntVar(&c.rounds, "rounds", rounds, "How often everything is measured; the median counts")
	flags.StringVar(&c.json, "json", "", "Write the measurements to this file")
	flags.BoolVar(&c.check, "check", false, "Fail if a budget is not kept")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if c.rounds < 1 {
		return fmt.Errorf("-rounds %d: at least 1 is needed", c.rounds)
	}
	return nil
}

// order is one run of a tool.
type order struct {
	Tool           string
	Phase          string
	Source, Target string
	As             string // see scenario
	Archive        string // file that is written or loaded
	Refs           []string
}

func (o order) carryOut(ctx context.Context) error {
	t, err := toolOf(o.Tool)
	if err != nil {
		return err
	}
	switch o.Phase {
	case packing:
		return t.Pack(ctx, o)
	case loading:
		return t.Load(ctx, o)
	default:
		return t.Copy(ctx, o)
	}
}

func (b bench) run(ctx context.Context) error {
	var all []measurement
	for _, s := range scenarios() {
		if !strings.Contains(s.Name, b.only) {
			continue
		}
		found, err := b.scenario(ctx, s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		all = append(all, found...)
		if err := report(b.json, summarize(all), false, 0); err != nil { // what an interrupted run has measured
			return err
		}
	}
	results := summarize(all)
	printTable(os.Stdout, results)
	broken := budgets(os.Stdout, results)
	return report(b.json, results, b.check, broken)
}

// report writes results to a file as JSON, "" for none. With check, broken budgets are an error.
func report(file string, results any, check bool, broken int) error {
	if file != "" {
		data, err := json.MarshalIndent(results, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(file, append(data, '\n'), 0o644); err != nil {
			return err
		}
	}
	if check && broken > 0 {
		return fmt.Errorf("%d budgets are not kept", broken)
	}
	return nil
}

// scenario measures all tools in turn, so that disturbances affect all of them.
func (b bench) scenario(ctx context.Context, s scenario) ([]measurement, error) {
	if s.Link.Target != "" && programOf(s.Link.Target) == "" {
		fmt.Fprintf(os.Stderr, "%s: left out, because the registry is not installed\n", s.Name)
		return nil, nil
	}
	rounds := b.rounds
	if s.Once {
		rounds = 1
	}
	var all []measurement
	for round := range rounds {
		floor, err := floorOf(ctx, s)
		if err != nil {
			return nil, fmt.Errorf("without the link: %w", err)
		}
		for _, t := range b.tools(s) {
			fmt.Fprintf(os.Stderr, "%s: round %d of %d: %s\n", s.Name, round+1, rounds, t.Name)
			found, err := measure(ctx, s, t)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", t.Name, err)
			}
			for i := range found {
				found[i].setLimit(s, floor)
			}
			all = append(all, found...)
		}
	}
	return all, nil
}

// tools returns the tools that a scenario measures.
func (b bench) tools(s scenario) []tool {
	return slices.DeleteFunc(tools(), func(t tool) bool {
		return !t.available() || (t.Name != ours && (b.ours || s.Ours)) || (s.Archive && t.Pack == nil)
	})
}

// floorOf returns the seconds of each phase of the same copy without latency and limits, where
// the registries and the machine decide. They are part of the limit.
func floorOf(ctx context.Context, s scenario) (map[string]float64, error) {
	if s.Link.Bandwidth == 0 || s.Link.limited() {
		return nil, nil
	}
	s.Link, s.Changed = shape{Forget: s.Link.Forget, Target: s.Link.Target}, 0
	found, err := measure(ctx, s, tools()[0])
	floor := map[string]float64{}
	for _, m := range found {
		floor[m.Phase] = m.Seconds
	}
	return floor, err
}

// The phases of a scenario.
const (
	cold      = "cold"
	unchanged = "unchanged"
	changed   = "10 % changed"
	packing   = "writing an archive"
	loading   = "loading the archive"
)

func (s scenario) phases(t tool) []string {
	switch {
	case s.Archive && t.Load == nil:
		return []string{packing}
	case s.Archive:
		return []string{packing, loading}
	case s.Changed > 0:
		return []string{cold, unchanged, changed}
	default:
		return []string{cold}
	}
}

// measure runs all phases of a tool with new registries.
func measure(ctx context.Context, s scenario, t tool) ([]measurement, error) {
	at, stop, err := start(ctx, s.Link)
	if err != nil {
		return nil, err
	}
	defer stop()
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	o := order{Tool: t.Name, Source: at.Source, Target: at.Target, As: s.As, Archive: filepath.Join(dir, "archive.tar")}
	var all []measurement
	var unique int64 // bytes of the archive
	for _, phase := range s.phases(t) {
		fleet := s.Fleet
		if phase == changed {
			fleet.Changed = s.Changed
		}
		o.Phase = phase
		m, err := phaseOf(ctx, at, fleet, o)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", phase, err)
		}
		if phase == packing {
			unique = m.Unique
		}
		if phase == loading {
			m.Unique = unique
		}
		m.Scenario, m.Phase, m.Tool, m.scenario = s.Name, phase, t.Name, s
		all = append(all, m)
	}
	return all, nil
}

func phaseOf(ctx context.Context, at place, fleet registrytest.Fleet, o order) (measurement, error) {
	var c cargo
	if err := at.ask(ctx, "/fill", fleet, &c); err != nil {
		return measurement{}, err
	}
	if err := at.ask(ctx, "/take", nil, nil); err != nil {
		return measurement{}, err
	}
	o.Refs = c.Refs
	text, err := json.Marshal(o)
	if err != nil {
		return measurement{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return measurement{}, err
	}
	cmd := exec.CommandContext(ctx, self, "copy", "-")
	cmd.Stdin = bytes.NewReader(text)
	cmd.Env = append(os.Environ(), "NO_PROXY=127.0.0.1")
	began := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(began)
	if err != nil {
		return measurement{}, fmt.Errorf("%w: %s", err, out)
	}
	var asked counts
	if err := at.ask(ctx, "/take", nil, &asked); err != nil {
		return measurement{}, err
	}
	m := measurement{Images: len(c.Refs), Seconds: took.Seconds(), Unique: c.Bytes, RSS: peak(cmd.ProcessState), Written: written(cmd.ProcessState)}
	m.count(asked)
	return m, nil
}

// peak returns the peak memory of a process or one of its children, in bytes.
func peak(state *os.ProcessState) int64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return usage.Maxrss << 10 // Linux returns KiB
}

// written returns the bytes that a process or its children wrote to disks, 0 if the temporary
// directory is not on a disk.
func written(state *os.ProcessState) int64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return usage.Oublock << 9 // Linux returns blocks of 512 bytes
}

// start starts the registries in a separate process.
func start(ctx context.Context, s shape) (place, func(), error) {
	var at place
	config, err := json.Marshal(s)
	if err != nil {
		return at, nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return at, nil, err
	}
	cmd := exec.CommandContext(ctx, self, "serve", string(config))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return at, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return at, nil, err
	}
	if err := cmd.Start(); err != nil {
		return at, nil, err
	}
	stop := func() {
		_ = in.Close()
		_ = cmd.Wait()
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &at)
	}
	if err != nil {
		stop()
		return at, nil, errors.Join(errors.New("the registries did not start"), err)
	}
	return at, stop, nil
}
