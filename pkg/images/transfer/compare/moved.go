package compare

import (
	"context"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/progress"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/storage"
)

// relocate makes the place that the image has moved to its source, if err says that it is
// gone from its own. It returns err, or a *faults.MovedError, if there is no such place.
func (p *Pair) relocate(ctx context.Context, err error) error {
	if p.reach.From != nil || p.Moved != nil {
		return err
	}
	var found storage.Source
	move, err := p.reach.Registries.Elsewhere(p.Plan.Source, p.pinned(), err, func(at images.Ref, id string) error {
		from, err := p.reach.Registries.Source(at)
		if err != nil {
			return err
		}
		found = storage.NewHosted(from, p.reach.Gate)
		_, err = found.Digest(ctx, id)
		return err
	})
	if err != nil {
		return err
	}
	p.Source, p.Moved = found, &move
	progress.Of(ctx).Moved(move)
	return nil
}
