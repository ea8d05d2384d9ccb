package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// measurement is one run of a tool, or the median of several.
type measurement struct {
	Scenario       string  `json:"scenario"`
	Phase          string  `json:"phase"`
	Tool           string  `json:"tool"`
	Images         int     `json:"images"`
	Seconds        float64 `json:"seconds"`
	Spread         float64 `json:"spreadSeconds"` // slowest minus fastest run
	Limit          float64 `json:"limitSeconds"`  // unique bytes / bandwidth
	Unique         int64   `json:"uniqueBytes"`   // bytes that the target lacks
	SourceRequests int     `json:"sourceRequests"`
	TargetRequests int     `json:"targetRequests"`
	Fetched        int64   `json:"fetchedBytes"` // bytes of fetched blobs
	Again          int     `json:"fetchedAgain"` // blobs that were fetched more than once
	RSS            int64   `json:"peakRSSBytes"`

	budget bool // the scenario has budgets for speed
}

func (m *measurement) count(c counts) {
	m.SourceRequests, m.TargetRequests, m.Fetched = c.Source.Requests, c.Target.Requests, c.Source.BytesOut
	for _, n := range c.Source.Blobs {
		if n > 1 {
			m.Again++
		}
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

// printTable prints ratios, which do not depend on the machine, instead of times.
func printTable(out io.Writer, results []measurement) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SCENARIO\tPHASE\tTOOL\t× LIMIT\t± %\tSPEED-UP\tREQUESTS\tFETCHED\tAGAIN\tPEAK RSS")
	for _, m := range results {
		limit, speedup := "-", "-"
		if m.Limit > 0 {
			limit = fmt.Sprintf("%.2f", m.ratio())
		}
		if reference := oneByOne(results, m); reference > 0 {
			speedup = fmt.Sprintf("%.1f", reference/m.Seconds)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%.0f\t%s\t%d+%d\t%.1f MB\t%d\t%.0f MiB\n", m.Scenario, m.Phase, m.Tool, limit, 50*m.Spread/m.Seconds,
			speedup, m.SourceRequests, m.TargetRequests, float64(m.Fetched)/1e6, m.Again, float64(m.RSS)/(1<<20))
	}
	_ = w.Flush()
}

// oneByOne returns the time of copying the same images one by one, 0 if it was not measured.
func oneByOne(results []measurement, m measurement) float64 {
	for _, other := range results {
		if other.Scenario == m.Scenario && other.Phase == m.Phase && other.Tool == tools()[1].Name {
			return other.Seconds
		}
	}
	return 0
}

// budgets prints whether the budgets are kept, and returns the number of those that are not.
func budgets(out io.Writer, results []measurement) int {
	c := &checker{out: out}
	ours := tools()[0].Name
	for _, m := range results {
		if m.Tool != ours {
			continue
		}
		at := m.Scenario + ", " + m.Phase
		c.check(m.Again == 0, "%s: %d blobs fetched more than once", at, m.Again)
		c.check(m.RSS < 100<<20, "%s: %.0f MiB at the most, of 100", at, float64(m.RSS)/(1<<20))
		if m.Phase == "unchanged" {
			requests := float64(m.SourceRequests+m.TargetRequests) / float64(m.Images)
			c.check(requests <= 2, "%s: %.2f requests per image, of 2", at, requests)
		}
		if m.Phase != "cold" || !m.budget {
			continue
		}
		c.check(m.ratio() <= 1.3, "%s: %.2f × unique bytes / bandwidth, of 1.3", at, m.ratio())
		if reference := oneByOne(results, m); m.Images > 10 && reference > 0 {
			c.check(reference >= 8*m.Seconds, "%s: %.1f times as fast as one by one, of 8", at, reference/m.Seconds)
		}
	}
	return c.broken
}

// checker counts the budgets that are not kept.
type checker struct {
	out    io.Writer
	broken int
}

func (c *checker) check(ok bool, format string, args ...any) {
	verdict := "kept  "
	if !ok {
		verdict = "BROKEN"
		c.broken++
	}
	fmt.Fprintf(c.out, "%s  %s\n", verdict, fmt.Sprintf(format, args...))
}
