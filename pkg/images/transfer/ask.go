package transfer

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// Refusal is an image that a registry does not hand out.
type Refusal struct {
	Ref   images.Ref
	Class images.Class
	Cause string // in one line, without the reference
}

// Ask asks for the manifest of each image, and returns those that are refused.
func (r *Registries) Ask(ctx context.Context, refs []images.Ref, jobs int) []Refusal {
	errs := make([]error, len(refs))
	var group errgroup.Group
	group.SetLimit(4 * max(jobs, 1))
	for i, ref := range refs {
		group.Go(func() error {
			_, errs[i] = r.Digest(ctx, ref)
			return nil
		})
	}
	_ = group.Wait() // the functions return nil: what fails is in errs
	var refused []Refusal
	for i, err := range errs {
		if err != nil {
			refused = append(refused, Refusal{Ref: refs[i], Class: failure.Classify(err), Cause: failure.Cause(err)})
		}
	}
	return refused
}
