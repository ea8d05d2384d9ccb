package redirect

import (
	"context"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/manifestdiff"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/trace"
)

// recorded adds a record of the upstream names that the values alone will not tell: of images that
// only the user's values name. It returns the values without a record if the chart renders its
// values, so that a record would change more than images.
func (s *search) recorded(ctx context.Context, values map[string]any, filled trace.Assignment, shown manifestdiff.Proof) (map[string]any, manifestdiff.Proof, error) {
	record := chart.Record(s.untold(values, shown))
	if record == nil {
		return values, shown, nil
	}
	with := chart.Merge(values, record)
	p, err := s.prove(ctx, with)
	if err != nil || !s.asExpected(filled, p) {
		return values, shown, err
	}
	return with, p, nil
}

// untold returns the upstream repositories of redirected images that the values alone do not tell,
// by their names in the mirror.
func (s *search) untold(values map[string]any, shown manifestdiff.Proof) map[string]string {
	upstream, err := s.chart.Upstream(chart.Merge(s.release.Config, values))
	if err != nil {
		return nil
	}
	untold := map[string]string{}
	for i, n := range s.expected {
		if n.Base == n.Want || !shown.Right[n.At] {
			continue
		}
		source := *s.results[i].Source
		name, ok := upstream.Name(n.Want)
		if told, err := images.ParseRef(name); !ok || err != nil || told != source {
			untold[s.results[i].Target.Name()] = source.Name()
		}
	}
	return untold
}
