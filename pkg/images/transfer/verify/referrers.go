package verify

import (
	"context"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/compare"
)

// referrers checks that the target has the referrers of the source.
func (w *walk) referrers(ctx context.Context, digest string, platforms []string) error {
	expected, err := w.image.Referrers(ctx, digest, platforms)
	if err != nil {
		return err
	}
	listed := map[string][]v1.Descriptor{}
	for _, a := range expected {
		if _, ok := listed[a.Of]; a.Tag == "" && !ok {
			if listed[a.Of], err = w.image.Target.Referrers(ctx, a.Of); err != nil {
				return err
			}
		}
		if err := w.referrer(ctx, a, listed[a.Of]); err != nil {
			return err
		}
	}
	return nil
}

// referrer checks one referrer. listed are the entries of the target's list of referrers.
func (w *walk) referrer(ctx context.Context, a compare.Referrer, listed []v1.Descriptor) error {
	if a.Tag == "" {
		if !slices.ContainsFunc(listed, func(d v1.Descriptor) bool { return d.Digest == a.Desc.Digest }) {
			w.problem("referrer", a.Digest, damage{detail: "missing (of " + a.Of + ")"})
			return nil
		}
		return w.manifest(ctx, a.Desc, a.Digest, 1)
	}
	have, err := w.image.Target.Resolve(ctx, a.Tag)
	switch {
	case failure.IsNotFound(err):
		w.problem("referrer", a.Digest, damage{detail: "missing (" + a.Tag + ")"})
		return nil
	case err != nil:
		return err
	case have != a.Digest:
		w.problem("referrer", a.Digest, damage{detail: a.Tag + " is " + have})
		return nil
	default:
		return w.manifest(ctx, v1.Descriptor{}, have, 2)
	}
}
