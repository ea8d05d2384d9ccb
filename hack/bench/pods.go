package main

import (
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
	"sync"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster"
)

// podBench measures copies by the pods of a Job. A pod is a process of the plugin with the command line
// and the variables of a pod; Kubernetes is not needed.
type podBench struct {
	common
	bin  string // directory with the plugin
	only string
}

// runPods parses the arguments of the benchmark of copies by pods, and runs it.
func runPods(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("bench pods", flag.ContinueOnError)
	var b podBench
	flags.StringVar(&b.bin, "bin", "bin", "The directory with the plugin")
	flags.StringVar(&b.only, "only", "", "Only scenarios whose name contains this")
	if err := b.parse(flags, 1, args); err != nil {
		return err
	}
	var err error
	if b.bin, err = filepath.Abs(b.bin); err != nil {
		return err
	}
	return b.run(ctx)
}

func (b podBench) run(ctx context.Context) error {
	var results []podResult
	for _, s := range podScenarios() {
		if !strings.Contains(s.Name, b.only) {
			continue
		}
		for _, pods := range s.Pods {
			var runs []podResult
			for round := range b.rounds {
				fmt.Fprintf(os.Stderr, "%s: round %d of %d: %d pods\n", s.Name, round+1, b.rounds, pods)
				r, err := b.measure(ctx, s, pods)
				if err != nil {
					return fmt.Errorf("%s: %d pods: %w", s.Name, pods, err)
				}
				runs = append(runs, r)
			}
			results = append(results, medianOf(runs))
		}
	}
	printPods(os.Stdout, results)
	broken := podBudgets(os.Stdout, results)
	return report(b.json, results, b.check, broken)
}

// measure copies with a number of pods into an empty registry.
func (b podBench) measure(ctx context.Context, s podScenario, pods int) (podResult, error) {
	s.Link.Pods = pods
	at, stop, err := start(ctx, s.Link)
	if err != nil {
		return podResult{}, err
	}
	defer stop()
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return podResult{}, err
	}
	defer os.RemoveAll(dir)
	var c cargo
	if err := at.ask(ctx, "/fill", s.Fleet, &c); err != nil {
		return podResult{}, err
	}
	job := podJob{scenario: s, plugin: filepath.Join(b.bin, "kubectl-kkp_mirror"), dir: dir, images: len(c.Refs) / pods, at: at}
	r := podResult{Scenario: s.Name, Pods: pods, Images: len(c.Refs), Unique: c.Bytes, scenario: s}
	var planned, copied counts
	if r.Plan, err = job.pack(ctx, c.Refs, pods); err == nil {
		err = at.ask(ctx, "/take", nil, &planned)
	}
	if err == nil {
		err = job.copy(ctx, &r)
	}
	if err == nil {
		err = at.ask(ctx, "/take", nil, &copied)
	}
	r.count(planned, copied)
	return r, err
}

// podJob is one Job.
type podJob struct {
	scenario podScenario
	plugin   string
	dir      string // for the list, the plan, and the logs
	images   int    // of one pod
	at       place
}

// pack makes the plan, as the terminal does, and returns its bytes. The terminal has a way of its own to
// the source, without the link and without limits.
func (j podJob) pack(ctx context.Context, refs []string, pods int) (int64, error) {
	var inv images.Collector
	for _, s := range refs {
		ref, err := images.ParseRef(j.scenario.Host + "/" + s)
		if err != nil {
			return 0, err
		}
		inv.Add(images.Image{Ref: ref})
	}
	data, err := json.Marshal(inv.Inventory().List())
	if err != nil {
		return 0, err
	}
	file, plan := filepath.Join(j.dir, "images.json"), filepath.Join(j.dir, "plan")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return 0, err
	}
	cmd := j.command(ctx, "terminal", entrance{Source: j.at.Terminal, Target: j.at.Target}, "--images", file, "--pack", plan, "--pack-shards", fmt.Sprint(pods))
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("making the plan: %w: %s", err, out)
	}
	parts, err := os.ReadDir(plan)
	var size int64
	for _, part := range parts {
		info, err := part.Info()
		if err != nil {
			return 0, err
		}
		size += info.Size()
	}
	return size, err
}

// copy runs all pods at the same time.
func (j podJob) copy(ctx context.Context, r *podResult) error {
	pods := len(j.at.Entrances)
	errs := make([]error, pods)
	r.Each = make([]onePod, pods)
	var group sync.WaitGroup
	began := time.Now()
	for i, e := range j.at.Entrances {
		args := []string{"--plan", filepath.Join(j.dir, "plan"), "--events"}
		if pods > 1 {
			args = append(args, "--shard", fmt.Sprintf("%d/%d", i, pods))
		}
		group.Go(func() { r.Each[i], errs[i] = j.pod(j.command(ctx, fmt.Sprintf("pod-%d", i), e, args...), i) })
	}
	group.Wait()
	r.Seconds = time.Since(began).Seconds()
	return errors.Join(errs...)
}

// pod runs one pod. Its log is what the pod writes to stdout.
func (j podJob) pod(cmd *exec.Cmd, index int) (onePod, error) {
	path := filepath.Join(j.dir, fmt.Sprintf("log-%d", index))
	log, err := os.Create(path)
	if err != nil {
		return onePod{}, err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	began := time.Now()
	err = cmd.Run()
	one := onePod{Seconds: time.Since(began).Seconds(), RSS: peak(cmd.ProcessState)}
	if info, failed := log.Stat(); failed == nil {
		one.Log = info.Size()
	}
	if err != nil {
		text, _ := os.ReadFile(path)
		return one, fmt.Errorf("pod %d: %w: %s", index, err, text[max(0, len(text)-2000):])
	}
	return one, nil
}

// command returns a sync with the variables of a pod, and with a home of its own, so that no process finds
// manifests that another one has kept. The source is a proxy: the plugin knows it under the name for
// which it stands.
func (j podJob) command(ctx context.Context, home string, at entrance, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, j.plugin, append([]string{"sync", at.Target + "/kkp", "--plain-http", j.scenario.Host}, args...)...)
	pod := incluster.Spec{HTTPProxy: "http://" + at.Source, Images: j.images}.Job().Spec.Template.Spec.Containers[0]
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	for _, variable := range pod.Env {
		if variable.Name == "HOME" {
			variable.Value = filepath.Join(j.dir, home)
		}
		cmd.Env = append(cmd.Env, variable.Name+"="+variable.Value)
	}
	return cmd
}

// medianOf returns the run with the median of the times, with the largest numbers of memory and refusals.
func medianOf(runs []podResult) podResult {
	slices.SortFunc(runs, func(a, b podResult) int { return int(1e6 * (a.Seconds - b.Seconds)) })
	r := runs[len(runs)/2]
	r.Each = slices.Clone(r.Each)
	for _, run := range runs {
		r.Again = max(r.Again, run.Again)
		for i, one := range run.Each {
			r.Each[i].RSS, r.Each[i].Refused = max(r.Each[i].RSS, one.RSS), max(r.Each[i].Refused, one.Refused)
		}
	}
	return r
}
