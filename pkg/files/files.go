// Package files finds out which files new nodes of user clusters download to join: it
// renders their operating system profiles and traces the scripts in them. It knows what of
// a profile is accounted for, and what is a gap. It must not know where profiles come from,
// and neither downloads nor keeps anything.
package files

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/profile"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace"
)

// Request asks what the machines of a profile download. It is plain data, so that a worker
// can answer it.
type Request struct {
	Object json.RawMessage `json:"object"` // see profile.Read
	Cases  []Case          `json:"cases"`
	API    []string        `json:"api,omitempty"` // addresses of the user cluster's own API
}

// Case is a kind of machine.
type Case struct {
	Kubernetes   string `json:"kubernetes"`   // "1.35.7"
	Provider     string `json:"provider"`     // by OSM's name: "gce"
	Architecture string `json:"architecture"` // "amd64"
}

// Answer is what the machines download, for each case, and what could not be traced in any.
type Answer struct {
	Results []trace.Found `json:"results"`
	Gaps    []trace.Gap   `json:"gaps,omitempty"`
}

// Architectures are those of which nodes can be.
func Architectures() []string { return []string{"amd64", "arm64"} }

// MaxTime bounds how long answering a request takes. Machines that are not traced by then
// are gaps.
const MaxTime = 60 * time.Second

// Trace answers a request. The error tells that the profile cannot be read or rendered at
// all.
func Trace(ctx context.Context, q Request) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, MaxTime)
	defer cancel()
	o, err := profile.Read(q.Object)
	if err != nil {
		return Answer{}, err
	}
	t := &tracer{object: o, render: profile.NewRenderer(o), api: q.API}
	var answer Answer
	cut := false
	for _, c := range q.Cases {
		if cut || ctx.Err() != nil {
			answer.Results = append(answer.Results, trace.Found{Gaps: []trace.Gap{{Text: "not traced: the traces of other machines with this profile used up the limits of time and memory"}}})
			continue
		}
		found, err := t.trace(ctx, c)
		if err != nil {
			return Answer{}, err
		}
		answer.Results = append(answer.Results, found)
		cut = found.Cut
	}
	t.asked = len(t.done)
	answer.Gaps = t.left()
	if len(answer.Gaps) > 0 && !cut { // what is for other machines is no gap
		for _, c := range AllCases(o, q.Cases) {
			if _, err := t.trace(ctx, c); err != nil || ctx.Err() != nil {
				break // a gap stays one
			}
		}
		answer.Gaps = t.left()
	}
	for i := range answer.Results {
		answer.Results[i].Calls = nil
	}
	return answer, nil
}

// tracer traces the machines of one profile.
type tracer struct {
	object profile.Object
	render *profile.Renderer
	api    []string
	done   []traced
	asked  int // how many of these are for machines that were asked for; the others only tell what is reached

	last     Case // that was rendered, for any architecture
	rendered *trace.System
}

// traced is a machine that was traced.
type traced struct {
	system trace.System
	found  trace.Found
}

// trace traces one machine, unless one that differs in nothing that matters was.
func (t *tracer) trace(ctx context.Context, c Case) (trace.Found, error) {
	machine := Case{Kubernetes: c.Kubernetes, Provider: c.Provider}
	if t.rendered == nil || t.last != machine {
		system, err := t.render.Render(c.Kubernetes, c.Provider)
		if err != nil {
			return trace.Found{}, err
		}
		system.API = append(system.API, t.api...)
		t.last, t.rendered = machine, &system
	}
	system := *t.rendered
	system.Architecture = c.Architecture
	for _, before := range slices.Backward(t.done) { // the last are the most similar
		if before.same(system) {
			return before.found, nil
		}
	}
	found := trace.Run(ctx, system)
	t.done = append(t.done, traced{system, found})
	return found, nil
}

// same tells whether a machine downloads the same: it has the same files, and those that
// were looked at are equal.
func (t traced) same(s trace.System) bool {
	if t.system.Architecture != s.Architecture || len(t.system.Files) != len(s.Files) ||
		!slices.Equal(t.system.Units, s.Units) || !slices.Equal(t.system.Commands, s.Commands) {
		return false
	}
	for i, f := range s.Files {
		if f.Path != t.system.Files[i].Path {
			return false
		}
		if _, looked := slices.BinarySearch(t.found.Looked, f.Path); looked && f.Content != t.system.Files[i].Content {
			return false
		}
	}
	return true
}

// AllCases are machines of all kinds that a profile is for, to see what of the profile is for
// some of them: each provider, and recent minors of Kubernetes. The other properties are those
// of the first machine that was asked for.
func AllCases(o profile.Object, asked []Case) []Case {
	if o.Rendered() || len(asked) == 0 {
		return nil
	}
	var all []Case
	for _, architecture := range Architectures() {
		for _, provider := range o.Providers() {
			all = append(all, Case{asked[0].Kubernetes, provider, architecture})
		}
		for _, minor := range minors() {
			all = append(all, Case{minor, asked[0].Provider, architecture})
		}
	}
	return all
}

// minors are versions of Kubernetes that templates may tell apart.
func minors() []string {
	return []string{"1.28.0", "1.29.0", "1.30.0", "1.31.0", "1.32.0", "1.33.0", "1.34.0", "1.35.0", "1.36.0", "1.37.0", "1.38.0"}
}
