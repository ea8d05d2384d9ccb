package main

import (
	"slices"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/harness"
)

// fleet is a sandbox with many user clusters, and the commands that are measured there.
type fleet struct {
	Clusters int           // in addition to those of the sample
	Latency  time.Duration // of each request to an API server
	Tasks    []task
}

// task is a command with its budgets.
type task struct {
	name    string
	args    []string
	seconds float64 // 0: none
	cpu     float64 // seconds, 0: none
	memory  int64   // bytes

	requests, perSeed, perCluster int // to API servers, at most
}

func fleets() []fleet {
	images := task{name: "images", args: []string{"images"}, memory: 200 << 20, requests: 20, perSeed: 10, perCluster: 2}
	all := images
	all.name, all.args, all.cpu = "images --all", []string{"images", "--all"}, 3
	check := task{name: "check", args: []string{"check", "{mirror}"}, seconds: 8, memory: 150 << 20, requests: 60, perSeed: 20, perCluster: 6}
	users := check
	users.name, users.args = "check --user-clusters", append(slices.Clone(check.args), "--user-clusters")
	return []fleet{
		{Tasks: []task{all}},
		{Clusters: 10, Latency: 20 * time.Millisecond, Tasks: []task{images}},
		{Clusters: 100, Latency: 20 * time.Millisecond, Tasks: []task{images}},
		{Clusters: 300, Latency: time.Millisecond, Tasks: []task{images.within(3), check, users}},
		{Clusters: 1000, Latency: 20 * time.Millisecond, Tasks: []task{images.within(10)}},
	}
}

// within returns the task with a budget of seconds.
func (t task) within(seconds float64) task {
	t.seconds = seconds
	return t
}

// arguments returns the arguments of the command on a sandbox, which is the mirror of checks, too.
func (t task) arguments(sandbox *harness.Sandbox) []string {
	args := slices.Clone(t.args)
	for i, arg := range args {
		if arg == "{mirror}" {
			args[i] = sandbox.Registries["plain"].Host + "/kkp"
		}
	}
	return append(args, "-o", "json", "--registry-map", sandbox.Upstream.RegistryMap)
}
