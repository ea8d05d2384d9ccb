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
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage"
)

// Repair copies the images of a plan that failed a verification, with all their content.
// Damaged content is deleted at the target and uploaded again.
func (r *Registries) Repair(ctx context.Context, plan images.Plan, found images.Verification, opts Options) images.Report {
	opts.repair = slices.DeleteFunc(slices.Clone(found.Checks), func(c images.Check) bool { return !c.Finding.Broken() })
	return r.Copy(ctx, found.Broken(plan), opts)
}

// repair replaces the damaged blobs of an image at the target.
func (i *imageCopy) repair(ctx context.Context, tree *oci.Node) error {
	if i.run.opts.repair == nil {
		return nil
	}
	problems := i.run.opts.repair[i.rank].Problems
	for _, desc := range tree.AllBlobs() {
		damaged := func(p images.Problem) bool { return p.Damaged && p.Digest == desc.Digest.String() }
		if !slices.ContainsFunc(problems, damaged) {
			continue
		}
		if err := i.replace(ctx, desc); err != nil {
			return i.Target.Location().Wrap("blob "+desc.Digest.String(), err)
		}
	}
	return nil
}

// replace replaces a damaged blob. Only one blob is replaced at a time, because some
// registries store one copy for all repositories, and the copy may have been replaced
// already.
func (i *imageCopy) replace(ctx context.Context, desc v1.Descriptor) error {
	i.run.repairing.Lock()
	defer i.run.repairing.Unlock()
	if is, err := i.damaged(ctx, desc); err != nil || !is {
		return err
	}
	if err := remove(ctx, i.Target, desc); err != nil {
		return err
	}
	if err := i.run.blobs.Bring(ctx, i.Source, i.Target, desc, i.progress); err != nil {
		return err
	}
	if is, err := i.damaged(ctx, desc); err != nil || !is {
		return err
	}
	return &failure.RejectedError{
		As:  images.ClassDigest,
		Msg: "the registry accepted the upload but still serves damaged content",
		Advice: fmt.Sprintf("delete the blob %s of %s from the registry's storage (distribution keeps it in docker/registry/v2/blobs/%s/%s/%s), then run the same command again",
			desc.Digest, i.Target.Location().Name, desc.Digest.Algorithm, desc.Digest.Hex[:2], desc.Digest.Hex),
	}
}

// damaged reports whether the target has a blob with wrong content.
func (i *imageCopy) damaged(ctx context.Context, desc v1.Descriptor) (bool, error) {
	waiting := i.progress.Waiting
	err := i.run.retry.Do(ctx, waiting, func(ctx context.Context) error { return storage.Read(ctx, i.Target, desc, waiting) })
	var other *failure.DigestError
	switch {
	case errors.As(err, &other):
		return true, nil
	case failure.IsNotFound(err):
		return false, nil
	default:
		return false, err
	}
}

// remove deletes a damaged blob at a target. Some registries do not allow this.
func remove(ctx context.Context, t storage.Target, desc v1.Descriptor) error {
	d, ok := t.(storage.Deleter)
	if !ok {
		return &failure.RejectedError{As: images.ClassDigest, Msg: "the content is damaged", Advice: "write the archive again with sync"}
	}
	err := d.Delete(ctx, desc)
	if !failure.IsRefusal(err) {
		return err
	}
	return &failure.RejectedError{
		As:  images.ClassPolicy,
		Msg: "the content is damaged, and the registry does not delete the blob: " + failure.Describe(err),
		Advice: fmt.Sprintf("ask the registry's administrator to delete the blob %s of %s, or to allow deletion, then run the same command again",
			desc.Digest, t.Location().Name),
	}
}
