package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// measurement is one run of a tool, or the median of several.
type measurement struct {
	Scenario       string  `json:"scenario"`
	Phase          string  `json:"phase"`
	Tool           string  `json:"tool"`
	Images         int     `json:"images"`
	Seconds        float64 `json:"seconds"`
	Spread         float64 `json:"spreadSeconds"`    // slowest minus fastest run
	Limit          float64 `json:"limitSeconds"`     // no copy can be faster; 0: unknown
	Floor          float64 `json:"floorSeconds"`     // the same copy without latency and limits; 0: not measured
	Unique         int64   `json:"uniqueBytes"`      // bytes that the target lacks
	Referrers      float64 `json:"referrerRequests"` // for each image
	SourceRequests int     `json:"sourceRequests"`
	TargetRequests int     `json:"targetRequests"`
	Refused        int     `json:"refusedRequests"` // by the limits of the source
	Served         int     `json:"servedRequests"`  // by the limits of the source
	Fetched        int64   `json:"fetchedBytes"`    // bytes of fetched blobs
	Again          int     `json:"fetchedAgain"`    // blobs that were fetched more than once
	Pulls          int     `json:"pulls"`           // GET requests for manifests of the source
	RSS            int64   `json:"peakRSSBytes"`
	Written        int64   `json:"writtenBytes"` // to disks

	scenario scenario
}

func (m *measurement) count(c counts) {
	m.SourceRequests, m.TargetRequests, m.Fetched = c.Source.Requests, c.Target.Requests, c.Source.BytesOut
	m.Served, m.Refused = c.Served, c.Refused
	m.Pulls = c.Source.Kinds["GET manifests"]
	heads := max(0, c.Source.Kinds["HEAD manifests"]-m.Images) // one of each image compares the image
	m.Referrers = float64(heads+c.Source.Kinds["GET tags"]+c.Source.Kinds["GET referrers"]) / float64(m.Images)
	for _, n := range c.Source.Blobs {
		if n > 1 {
			m.Again++
		}
	}
}

// setLimit sets the time that no copy can undercut: that of the bytes on the link, that of the
// same copy without the link, and that of the limits of the source.
func (m *measurement) setLimit(s scenario, floor map[string]float64) {
	if s.Link.Bandwidth > 0 && m.Unique > 0 {
		m.Floor = floor[m.Phase]
		m.Limit = max(float64(m.Unique)/float64(s.Link.Bandwidth), m.Floor)
	}
	if limits := s.Link.Limits; limits.PerSecond > 0 {
		m.Limit = max(m.Limit, float64(m.Served-limits.Burst)/limits.PerSecond)
	}
	if limits := s.Link.Limits; limits.Pulls > 0 {
		m.Limit = max(m.Limit, float64((m.Pulls-1)/limits.Pulls)*limits.Window.Seconds())
	}
}

// ratio returns the time of a run divided by the limit.
func (m measurement) ratio() float64 {
	if m.Limit == 0 {
		return 0
	}
	return m.Seconds / m.Limit
}

// summarize returns the run with the median time of each scenario, phase and tool.
func summarize(all []measurement) []measurement {
	type key struct{ scenario, phase, tool string }
	groups := map[key][]measurement{}
	var order []key
	for _, m := range all {
		k := key{m.Scenario, m.Phase, m.Tool}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], m)
	}
	var medians []measurement
	for _, k := range order {
		runs := groups[k]
		slices.SortFunc(runs, func(a, b measurement) int { return int(1e6 * (a.Seconds - b.Seconds)) })
		m := runs[len(runs)/2]
		m.Spread = runs[len(runs)-1].Seconds - runs[0].Seconds
		for _, run := range runs {
			m.RSS, m.Again = max(m.RSS, run.RSS), max(m.Again, run.Again)
		}
		medians = append(medians, m)
	}
	return medians
}

// printTable prints ratios, which do not depend on the machine, instead of times. It is the
// table of docs/performance.md.
func printTable(out io.Writer, results []measurement) {
	w := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| images\t| phase\t| tool\t| × limit\t| ± %\t| times as fast as one by one\t| requests\t| fetched\t| again\t| refused\t| peak memory\t|")
	fmt.Fprintln(w, "|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|")
	for _, m := range results {
		limit, speedup := "", ""
		if m.Limit > 0 {
			limit = fmt.Sprintf("%.2f", m.ratio())
		}
		if reference := secondsOf(results, m, oneByOne(m)); reference > 0 {
			speedup = fmt.Sprintf("%.1f", reference/m.Seconds)
		}
		fmt.Fprintf(w, "| %s (%.0f MB)\t| %s\t| %s\t| %s\t| %.0f\t| %s\t| %d+%d\t| %.1f MB\t| %d\t| %d\t| %.0f MiB\t|\n",
			m.Scenario, float64(m.Unique)/1e6, m.Phase, m.Tool, limit, 50*m.Spread/m.Seconds,
			speedup, m.SourceRequests, m.TargetRequests, float64(m.Fetched)/1e6, m.Again, m.Refused, float64(m.RSS)/(1<<20))
	}
	_ = w.Flush()
}

// oneByOne returns the tool that copies the same images one by one.
func oneByOne(m measurement) string {
	if m.scenario.Archive {
		return skopeoOneByOne
	}
	return craneOneByOne
}

// secondsOf returns the time of a tool for the same images and phase, 0 if it was not measured.
func secondsOf(results []measurement, m measurement, tool string) float64 {
	for _, other := range results {
		if other.Scenario == m.Scenario && other.Phase == m.Phase && other.Tool == tool {
			return other.Seconds
		}
	}
	return 0
}

// findPhase returns the time of this plugin for a scenario and phase, 0 if it was not measured.
func findPhase(results []measurement, scenario, phase string) float64 {
	for _, m := range results {
		if strings.HasPrefix(m.Scenario, scenario) && m.Phase == phase && m.Tool == ours {
			return m.Seconds
		}
	}
	return 0
}
