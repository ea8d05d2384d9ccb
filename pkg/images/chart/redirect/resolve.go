package redirect

import (
	"cmp"
	"context"
	"maps"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/manifestdiff"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/trace"
)

// maxRounds bounds how often the search is repeated without values that failed the proof.
const maxRounds = 4

// resolve returns the assignment that redirects most references and holds in a proof, with this
// proof.
func (s *search) resolve(ctx context.Context, all map[string]any) (best trace.Assignment, shown manifestdiff.Proof, err error) {
	for range maxRounds {
		filled, steps := s.solver.Solve()
		if len(filled) == 0 {
			return best, shown, nil
		}
		p, err := s.try(ctx, all, filled)
		if err != nil {
			return best, shown, err
		}
		if s.asExpected(filled, p) {
			if len(p.Right) > len(shown.Right) {
				return filled, p, nil
			}
			return best, shown, nil
		}
		filled, p, err = s.stepwise(ctx, all, steps)
		if len(p.Right) > len(shown.Right) {
			best, shown = filled, p
		}
		if err != nil {
			return best, shown, err
		}
	}
	return best, shown, nil
}

// stepwise proves the steps one by one, and bans the steps that fail.
func (s *search) stepwise(ctx context.Context, all map[string]any, steps []trace.Assignment) (filled trace.Assignment, shown manifestdiff.Proof, err error) {
	filled = trace.Assignment{}
	for _, step := range steps {
		next := maps.Clone(filled)
		maps.Copy(next, step)
		p, err := s.try(ctx, all, next)
		if err != nil {
			return filled, shown, err
		}
		if s.asExpected(next, p) {
			filled, shown = next, p
			continue
		}
		s.solver.Ban(step)
	}
	return filled, shown, nil
}

// try renders with an assignment. If rendering fails, the proof does not hold.
func (s *search) try(ctx context.Context, all map[string]any, filled trace.Assignment) (manifestdiff.Proof, error) {
	return s.prove(ctx, trace.Override(all, s.fillings(filled)))
}

// prove renders with values that override the user's. If rendering fails, the proof does not hold.
func (s *search) prove(ctx context.Context, over map[string]any) (manifestdiff.Proof, error) {
	after, err := s.render(ctx, over)
	if ctx.Err() != nil || trace.IsLimit(err) {
		return manifestdiff.Proof{}, cmp.Or(err, ctx.Err())
	}
	p := manifestdiff.Proof{Failed: err}
	if err == nil {
		p = manifestdiff.Prove(s.base, after, s.expected, s.unsteady)
	}
	return p, nil
}

// asExpected reports whether a proof holds and has every reference that the trace predicts.
func (s *search) asExpected(filled trace.Assignment, p manifestdiff.Proof) bool {
	if !p.Holds() {
		return false
	}
	for _, n := range s.expected {
		if s.solver.Becomes(n, filled) == n.Want && !p.Right[n.At] {
			return false
		}
	}
	return true
}
