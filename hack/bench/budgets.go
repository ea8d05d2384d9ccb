package main

import (
	"fmt"
	"io"
)

// Budgets that all scenarios share.
const (
	maxMemory    = 100 << 20
	maxReferrers = 2.0  // requests for the referrers of an image that has none
	maxRefused   = 0.01 // part of the requests to a source with limits
	maxWritten   = 1.05 // bytes written to the disk, of the bytes of an archive
	maxOfLimit   = 0.75 // part of the limit of memory of a pod that a pod needs
)

// budgets prints whether the budgets are kept, and returns the number of those that are not.
func budgets(out io.Writer, results []measurement) int {
	c := &checker{out: out}
	for _, m := range results {
		if m.Tool != ours {
			continue
		}
		at := m.Scenario + ", " + m.Phase
		c.check(m.Again == 0, "%s: %d blobs fetched more than once", at, m.Again)
		c.check(m.RSS < maxMemory, "%s: %.0f MiB at the most, of 100", at, float64(m.RSS)/(1<<20))
		if m.Phase == unchanged {
			perImage := float64(max(m.SourceRequests, m.TargetRequests)) / float64(m.Images)
			c.check(perImage <= 1, "%s: %.2f requests per image and side, of 1", at, perImage)
		}
		if m.Phase == cold && !m.scenario.Link.limited() { // a limited source is also asked for its quota
			c.check(m.Referrers <= maxReferrers, "%s: %.2f requests for the referrers of each image, of %.0f", at, m.Referrers, maxReferrers)
		}
		if m.Phase == cold || m.Phase == packing {
			c.speed(at, results, m)
		}
		if m.Phase == packing && m.Written > 0 {
			times := float64(m.Written) / float64(m.Unique)
			c.check(times <= maxWritten, "%s: each byte written %.2f times to the disk, of %.2f", at, times, maxWritten)
		}
		if m.scenario.Link.limited() {
			part := float64(m.Refused) / float64(max(1, m.Served))
			c.check(part <= maxRefused, "%s: %.2f %% of the requests refused, of %.0f", at, 100*part, 100*maxRefused)
		}
		if alone := findPhase(results, sixtyImages, cold); m.Phase == loading && alone > 0 {
			c.check(m.Seconds <= alone, "%s: %.2f s, of %.2f s for the copy from a registry", at, m.Seconds, alone)
		}
	}
	return c.broken
}

// speed checks the budgets for speed.
func (c *checker) speed(at string, results []measurement, m measurement) {
	s := m.scenario
	if s.Budget > 0 {
		c.check(m.ratio() <= s.Budget, "%s: %.2f × the limit of %.2f s, of %.1f", at, m.ratio(), m.Limit, s.Budget)
	}
	for _, peer := range []struct {
		tool   string
		budget float64
	}{{oneByOne(m), s.OneByOne}, {regsync, s.Regsync}} {
		if peer.budget == 0 {
			continue
		}
		if reference := secondsOf(results, m, peer.tool); reference > 0 {
			c.check(reference >= peer.budget*m.Seconds, "%s: %.1f times as fast as %s, of %.0f", at, reference/m.Seconds, peer.tool, peer.budget)
		} else {
			fmt.Fprintf(c.out, "no result  %s: %s was not measured\n", at, peer.tool)
		}
	}
}

// checker counts the budgets that are not kept.
type checker struct {
	out    io.Writer
	broken int
}

func (c *checker) check(ok bool, format string, args ...any) {
	verdict := "kept      "
	if !ok {
		verdict = "NOT KEPT  "
		c.broken++
	}
	fmt.Fprintf(c.out, "%s %s\n", verdict, fmt.Sprintf(format, args...))
}
