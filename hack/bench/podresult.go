package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster"
)

// podResult is a copy by some pods.
type podResult struct {
	Scenario string  `json:"scenario"`
	Pods     int     `json:"pods"`
	Images   int     `json:"images"`
	Seconds  float64 `json:"seconds"`      // of the slowest pod
	Limit    float64 `json:"limitSeconds"` // of one pod: bytes or requests divided by the rate that the link or the source allows; 0: none
	Unique   int64   `json:"uniqueBytes"`
	Fetched  int64   `json:"fetchedBytes"`
	Again    int     `json:"fetchedAgain"` // blobs that were fetched more than once
	Target   int     `json:"targetRequests"`
	Plan     int64   `json:"planBytes"`    // packed
	Planning int     `json:"planRequests"` // of the terminal to the source, which makes the plan
	Pulls    int     `json:"planPulls"`    // GET requests for manifests among these

	Each []onePod `json:"each"`

	scenario podScenario
}

// onePod is one pod of a copy.
type onePod struct {
	Seconds  float64 `json:"seconds"`
	RSS      int64   `json:"peakRSSBytes"`
	Log      int64   `json:"logBytes"`
	Requests int     `json:"sourceRequests"`
	Refused  int     `json:"refusedRequests"`
	Bytes    int64   `json:"sourceBytes"`
}

// count adds the requests to make the plan, and those of the pods.
func (r *podResult) count(planned, copied counts) {
	r.Planning, r.Pulls = planned.Source.Requests, planned.Source.Kinds["GET manifests"]
	r.Fetched, r.Target = copied.Source.BytesOut, copied.Target.Requests
	for _, n := range copied.Source.Blobs {
		if n > 1 {
			r.Again++
		}
	}
	for i, pod := range copied.Pods {
		r.Each[i].Requests, r.Each[i].Refused, r.Each[i].Bytes = pod.Requests, pod.Refused, pod.Bytes
	}
	if link := r.scenario.Link; link.Bandwidth > 0 {
		r.Limit = float64(r.Unique) / float64(link.Bandwidth)
	}
	if limits := r.scenario.Link.Limits; limits.PerSecond > 0 {
		r.Limit = max(r.Limit, float64(copied.Served-limits.Burst)/limits.PerSecond)
	}
}

// sum returns a sum over the pods.
func (r podResult) sum(of func(onePod) int) int {
	total := 0
	for _, one := range r.Each {
		total += of(one)
	}
	return total
}

// most returns a maximum over the pods.
func (r podResult) most(of func(onePod) int64) int64 {
	var most int64
	for _, one := range r.Each {
		most = max(most, of(one))
	}
	return most
}

func (r podResult) refused() int { return r.sum(func(o onePod) int { return o.Refused }) }

func (r podResult) requests() int { return r.sum(func(o onePod) int { return o.Requests }) }

func (r podResult) memory() int64 { return r.most(func(o onePod) int64 { return o.RSS }) }

// ratio returns the time divided by the limit of one pod, 0 without a limit.
func (r podResult) ratio() float64 {
	if r.Limit == 0 {
		return 0
	}
	return r.Seconds / r.Limit
}

// largest returns the part of the bytes that the pod with the most bytes has fetched.
func (r podResult) largest() float64 {
	total := r.sum(func(o onePod) int { return int(o.Bytes) })
	return float64(r.most(func(o onePod) int64 { return o.Bytes })) / float64(max(1, total))
}

// printPods prints a table, from which docs/performance.md has most columns.
func printPods(out io.Writer, results []podResult) {
	w := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| source and link\t| pods\t| × limit\t| requests of each pod to the source\t| refused\t| requests to the target\t| to make the plan (manifests)\t| fetched / unique bytes\t| largest share\t| memory of a pod\t| largest log\t| plan\t|")
	fmt.Fprintln(w, "|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|")
	for _, r := range results {
		var requests []string
		for _, one := range r.Each {
			requests = append(requests, fmt.Sprint(one.Requests))
		}
		limit := ""
		if r.Limit > 0 {
			limit = fmt.Sprintf("%.2f", r.ratio())
		}
		fmt.Fprintf(w, "| %s (%d images, %.1f MB)\t| %d\t| %s\t| %s\t| %d\t| %d\t| %d (%d)\t| %.3f\t| %.0f %%\t| %.0f MiB\t| %.0f KB\t| %.1f KB\t|\n",
			r.Scenario, r.Images, float64(r.Unique)/1e6, r.Pods, limit, strings.Join(requests, " + "), r.refused(), r.Target, r.Planning, r.Pulls,
			float64(r.Fetched)/float64(r.Unique), 100*r.largest(), float64(r.memory())/(1<<20), float64(r.most(func(o onePod) int64 { return o.Log }))/1e3, float64(r.Plan)/1e3)
	}
	_ = w.Flush()
}

// podBudgets prints whether the budgets are kept, and returns the number of those that are not.
func podBudgets(out io.Writer, results []podResult) int {
	c := &checker{out: out}
	for _, r := range results {
		at := fmt.Sprintf("%s, %d pods", r.Scenario, r.Pods)
		c.check(r.Again == 0, "%s: %d blobs fetched more than once", at, r.Again)
		memory := podMemory(r.Images / r.Pods)
		c.check(float64(r.memory()) <= maxOfLimit*memory, "%s: %.0f MiB in a pod at the most, of %.0f", at, float64(r.memory())/(1<<20), maxOfLimit*memory/(1<<20))
		if s := r.scenario; s.One > 0 && r.Pods == 1 {
			c.check(r.ratio() <= s.One, "%s: %.2f × the limit of %.2f s, of %.1f", at, r.ratio(), r.Limit, s.One)
		}
		if r.scenario.Link.limited() {
			part := float64(r.refused()) / float64(max(1, r.requests()))
			most := maxRefused * float64(r.Pods) // each pod learns the limit for itself
			c.check(part <= most, "%s: %.2f %% of the requests refused, of %.0f", at, 100*part, 100*most)
		}
		if alone := alone(results, r); r.scenario.Faster > 0 && r.Pods > 1 && alone > 0 {
			c.check(alone >= r.scenario.Faster*r.Seconds, "%s: %.2f times as fast as one pod, of %.1f", at, alone/r.Seconds, r.scenario.Faster)
		}
	}
	return c.broken
}

// alone returns the time of one pod for the same images, 0 if it was not measured.
func alone(results []podResult, r podResult) float64 {
	for _, other := range results {
		if other.Scenario == r.Scenario && other.Pods == 1 {
			return other.Seconds
		}
	}
	return 0
}

// podMemory returns the limit of memory of a pod that copies a number of images, in bytes.
func podMemory(images int) float64 {
	return incluster.Spec{Images: images}.Job().Spec.Template.Spec.Containers[0].Resources.Limits.Memory().AsApproximateFloat64()
}
