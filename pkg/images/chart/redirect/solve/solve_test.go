package solve

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/manifestdiff"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/trace"
)

// solver is for references, each in a pod of its own.
func solver(t *testing.T, holes []string, bases, wants []string) *Solver {
	t.Helper()
	s := &Solver{
		Target: images.Target{Registry: "reg.corp", Prefix: "kkp"},
		Trace:  trace.Trace{Direct: map[manifestdiff.Place][]trace.Span{}, Variants: map[manifestdiff.Place][]trace.Variant{}},
	}
	for _, text := range holes {
		s.Holes = append(s.Holes, trace.Hole{At: []any{"key" + text}, Text: text, End: len(text)})
	}
	texts := map[string]string{}
	for _, base := range bases {
		texts[base] = "kind: Pod\nspec: {containers: [{image: '" + base + "'}]}"
	}
	decoded, err := (&manifestdiff.Decoder{}).Decode(texts)
	if err != nil {
		t.Fatal(err)
	}
	for i, base := range bases {
		for _, p := range decoded.Places {
			if decoded.Hits[p].Reference == base {
				s.Expected = append(s.Expected, manifestdiff.Expectation{At: p, Base: base, Want: wants[i]})
			}
		}
	}
	return s
}

func TestSolve(t *testing.T) {
	s := solver(t, []string{"docker.io", "nginx", "bitnami/redis"},
		[]string{"docker.io/nginx:1", "docker.io/bitnami/redis:1"}, []string{"reg.corp/kkp/library/nginx:1", "reg.corp/kkp/bitnami/redis:1"})
	for i, n := range s.Expected {
		s.Direct[n.At] = []trace.Span{{Hole: 0, Start: 0, End: 9}, {Hole: 1 + i, Start: 10, End: len(n.Base) - 2}}
	}
	filled, steps := s.Solve()
	if diff := cmp.Diff(trace.Assignment{0: "reg.corp/kkp", 1: "library/nginx"}, filled); diff != "" || len(steps) != 1 {
		t.Error(diff, steps)
	}
	s.Ban(trace.Assignment{1: "library/nginx"})
	filled, _ = s.Solve()
	if diff := cmp.Diff(trace.Assignment{0: "reg.corp", 1: "kkp/library/nginx", 2: "kkp/bitnami/redis"}, filled); diff != "" || !s.Banned(1) {
		t.Error(diff)
	}
}

// TestOneForAll has a value that is not set, and that comes before those that are.
func TestOneForAll(t *testing.T) {
	s := solver(t, []string{"", "quay.io", "ghcr.io"}, []string{"quay.io/a:1", "ghcr.io/b:1"}, []string{"reg.corp/kkp/a:1", "reg.corp/kkp/b:1"})
	for i, n := range s.Expected {
		s.Direct[n.At] = []trace.Span{{Hole: 1 + i, Start: 0, End: 7}}
		s.Variants[n.At] = []trace.Variant{{Hole: 0, Text: n.Base[7:], Spans: []trace.Span{{Hole: 0}}}}
	}
	filled, _ := s.Solve()
	if diff := cmp.Diff(trace.Assignment{0: "reg.corp/kkp"}, filled); diff != "" {
		t.Error(diff)
	}
	s.Ban(filled)
	filled, _ = s.Solve()
	if diff := cmp.Diff(trace.Assignment{1: "reg.corp/kkp", 2: "reg.corp/kkp"}, filled); diff != "" {
		t.Error(diff)
	}
	// What has to stay must not be touched: then there is one value for the other.
	s = solver(t, []string{"quay.io"}, []string{"quay.io/a:1", "quay.io/b:1"}, []string{"reg.corp/kkp/a:1", "quay.io/b:1"})
	for _, n := range s.Expected {
		s.Direct[n.At] = []trace.Span{{Hole: 0, Start: 0, End: 7}}
	}
	if filled, _ := s.Solve(); len(filled) != 0 {
		t.Error(filled)
	}
}
