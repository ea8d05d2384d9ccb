package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/blobs"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/compare"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/progress"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/storage"
)

// Repair copies the images of a plan that a verification has found not to be what they
// should be, with all of their parts. Content that is damaged is deleted at the target, and
// uploaded anew.
func (r *Registries) Repair(ctx context.Context, plan images.Plan, found images.Verification, opts Options) images.Report {
	opts.repair = slices.DeleteFunc(slices.Clone(found.Checks), func(c images.Check) bool { return !c.Finding.Broken() })
	return r.Copy(ctx, found.Broken(plan), opts)
}

// mend replaces the blobs of an image that are damaged at the target.
func (j *job) mend(ctx context.Context, tree *oci.Node) error {
	if j.run.opts.repair == nil {
		return nil
	}
	problems := j.run.opts.repair[j.rank].Problems
	for _, desc := range tree.AllBlobs() {
		damaged := func(p images.Problem) bool { return p.Damaged && p.Digest == desc.Digest.String() }
		if !slices.ContainsFunc(problems, damaged) {
			continue
		}
		if err := j.run.replace(ctx, j.Pair, desc); err != nil {
			return j.Target.Wrap("blob "+desc.Digest.String(), err)
		}
	}
	return nil
}

// replace replaces a damaged blob, one at a time: some registries have one copy for all
// repositories, and that may have been replaced already.
func (run *run) replace(ctx context.Context, p *compare.Pair, desc v1.Descriptor) error {
	run.mending.Lock()
	defer run.mending.Unlock()
	if is, err := run.damaged(ctx, p.Target, desc); err != nil || !is {
		return err
	}
	if err := remove(ctx, p.Target, desc); err != nil {
		return err
	}
	if err := blobs.Bring(ctx, run.reach.Gate, p.Source, p.Target, desc); err != nil {
		return err
	}
	if is, err := run.damaged(ctx, p.Target, desc); err != nil || !is {
		return err
	}
	return &failure.RefusalError{
		Class: images.ClassDigest,
		Msg:   "the registry took it anew, and still serves the damaged content",
		Remedy: fmt.Sprintf("delete the blob %s of %s from the registry's storage (distribution keeps it in docker/registry/v2/blobs/%s/%s/%s), then run the same command again",
			desc.Digest, p.Target.Name(), desc.Digest.Algorithm, desc.Digest.Hex[:2], desc.Digest.Hex),
	}
}

// damaged tells whether a target has a blob with other content.
func (run *run) damaged(ctx context.Context, t storage.Target, desc v1.Descriptor) (bool, error) {
	err := run.reach.Gate.Retry.Do(ctx, progress.Of(ctx).Waiting, func(ctx context.Context) error { return storage.Read(ctx, t, desc) })
	var other *failure.DigestError
	switch {
	case errors.As(err, &other):
		return true, nil
	case failure.IsAbsent(err):
		return false, nil
	default:
		return false, err
	}
}

// remover is a target that content can be taken out of.
type remover interface {
	Remove(ctx context.Context, desc v1.Descriptor) error
}

// remove takes a damaged blob out of a target. Not every registry allows that.
func remove(ctx context.Context, t storage.Target, desc v1.Descriptor) error {
	r, ok := t.(remover)
	if !ok {
		return &failure.RefusalError{Class: images.ClassDigest, Msg: "its content is damaged", Remedy: "write it anew with sync"}
	}
	err := r.Remove(ctx, desc)
	if !failure.IsRefusal(err) {
		return err
	}
	return &failure.RefusalError{
		Class: images.ClassPolicy,
		Msg:   "its content is damaged, and the registry does not delete it: " + failure.Describe(err, true),
		Remedy: fmt.Sprintf("let the registry's administrator delete the blob %s of %s, or allow its deletion, then run the same command again",
			desc.Digest, t.Name()),
	}
}
