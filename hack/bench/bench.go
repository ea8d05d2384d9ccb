package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
)

// bench is the options of the benchmark.
type bench struct {
	rounds int
	only   string
	ours   bool
	json   string
	check  bool
}

// order is one run of a tool.
type order struct {
	Tool           string
	Source, Target string
	Refs           []string
}

func (o order) carryOut(ctx context.Context) error {
	t, err := toolOf(o.Tool)
	if err != nil {
		return err
	}
	return t.Copy(ctx, o.Source, o.Target, o.Refs)
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
	}
	results := summarize(all)
	printTable(os.Stdout, results)
	broken := budgets(os.Stdout, results)
	if b.json != "" {
		data, err := json.MarshalIndent(results, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(b.json, append(data, '\n'), 0o644); err != nil {
			return err
		}
	}
	if b.check && broken > 0 {
		return fmt.Errorf("%d budgets are not kept", broken)
	}
	return nil
}

// scenario measures all tools in turn, so that disturbances affect all of them.
func (b bench) scenario(ctx context.Context, s scenario) ([]measurement, error) {
	var all []measurement
	for round := range b.rounds {
		for _, t := range tools() {
			if !t.available() || (t.Name != tools()[0].Name && (b.ours || s.Ours)) {
				continue
			}
			fmt.Fprintf(os.Stderr, "%s: round %d of %d: %s\n", s.Name, round+1, b.rounds, t.Name)
			found, err := measure(ctx, s, t)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", t.Name, err)
			}
			all = append(all, found...)
		}
	}
	return all, nil
}

// measure runs all phases of a tool with new registries.
func measure(ctx context.Context, s scenario, t tool) ([]measurement, error) {
	at, stop, err := start(ctx, s.Link)
	if err != nil {
		return nil, err
	}
	defer stop()
	phases := []string{"cold"}
	if s.Changed > 0 {
		phases = append(phases, "unchanged", "10 % changed")
	}
	var all []measurement
	for _, phase := range phases {
		fleet := s.Fleet
		if phase == "10 % changed" {
			fleet.Changed = s.Changed
		}
		m, err := phaseOf(ctx, at, fleet, t)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", phase, err)
		}
		m.Scenario, m.Phase, m.Tool, m.budget = s.Name, phase, t.Name, s.Budget
		if s.Link.Bandwidth > 0 {
			m.Limit = float64(m.Unique) / float64(s.Link.Bandwidth)
		}
		all = append(all, m)
	}
	return all, nil
}

func phaseOf(ctx context.Context, at place, fleet registrytest.Fleet, t tool) (measurement, error) {
	var c cargo
	if err := at.ask(ctx, "/fill", fleet, &c); err != nil {
		return measurement{}, err
	}
	if err := at.ask(ctx, "/take", nil, nil); err != nil {
		return measurement{}, err
	}
	o, err := json.Marshal(order{Tool: t.Name, Source: at.Source, Target: at.Target, Refs: c.Refs})
	if err != nil {
		return measurement{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return measurement{}, err
	}
	cmd := exec.CommandContext(ctx, self, "copy", string(o))
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
	m := measurement{Images: len(c.Refs), Seconds: took.Seconds(), Unique: c.Bytes, RSS: peak(cmd.ProcessState)}
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
