package transfer

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// Answer is what a registry says about an image.
type Answer struct {
	Ref    images.Ref
	Digest string       // "" if the registry does not hand out the image
	Class  images.Class // of the failure
	Cause  string       // of the failure, in one line, without the reference
}

// Ask asks for the manifest of each image with HEAD, and returns the answers in the order of the
// images.
func (r *Registries) Ask(ctx context.Context, refs []images.Ref, jobs int) []Answer {
	answers := make([]Answer, len(refs))
	var group errgroup.Group
	group.SetLimit(4 * max(jobs, 1))
	for i, ref := range refs {
		group.Go(func() error {
			answers[i] = Answer{Ref: ref}
			digest, err := r.Digest(ctx, ref)
			if err != nil {
				answers[i].Class, answers[i].Cause = failure.Classify(err), failure.Cause(err)
				return nil
			}
			answers[i].Digest = digest
			return nil
		})
	}
	_ = group.Wait() // the functions return nil: what fails is in the answers
	return answers
}
