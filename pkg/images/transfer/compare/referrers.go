package compare

import (
	"context"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
)

// Referrers (signatures, attestations, SBOMs) refer to the digest of an image in one of two
// ways: by a tag that cosign derives from the digest, or by their subject field, which the
// registry lists in its referrers API. The index of an image is queried first, and its
// platforms only if the index has referrers.

// Referrer is a manifest that refers to an image.
type Referrer struct {
	Digest string
	Tag    string        // cosign's tag; "" for a manifest with a subject
	Desc   v1.Descriptor // of a manifest with a subject
	Of     string        // digest to which it refers
}

// cosignSuffixes returns the suffixes of cosign's tags.
func cosignSuffixes() []string { return []string{".sig", ".att", ".sbom"} }

// Referrers lists the referrers of an image at its source, and of its platforms.
func (i *Pair) Referrers(ctx context.Context, digest string, platforms []string) ([]Referrer, error) {
	if i.run.NoReferrers {
		return nil, nil
	}
	found, err := i.attached(ctx, digest)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	for _, platform := range platforms {
		more, err := i.attached(ctx, platform)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}

// lister is a source that knows without a request that some tags do not exist.
type lister interface {
	// Lacks reports whether a tag does not exist. It is false if that is not certain.
	Lacks(ctx context.Context, tag string) (bool, error)
}

// tagged returns the digest of a tag that is derived from a digest, or "".
func (i *Pair) tagged(ctx context.Context, tag string) (string, error) {
	if source, ok := i.Source.(lister); ok {
		if lacks, err := source.Lacks(ctx, tag); lacks || err != nil {
			return "", err
		}
	}
	digest, err := i.Source.Resolve(ctx, tag)
	if failure.IsNotFound(err) || failure.IsRefusal(err) {
		return "", nil
	}
	return digest, err
}

// attached lists the referrers of one digest.
func (i *Pair) attached(ctx context.Context, digest string) ([]Referrer, error) {
	found := make([]Referrer, len(cosignSuffixes()))
	group, inner := errgroup.WithContext(ctx)
	for at, suffix := range cosignSuffixes() {
		group.Go(func() error {
			tag := oci.DigestTag(digest) + suffix
			id, err := i.tagged(inner, tag)
			found[at] = Referrer{Digest: id, Tag: tag, Of: digest}
			return err
		})
	}
	var referrers []v1.Descriptor
	group.Go(func() (err error) {
		referrers, err = i.Source.Referrers(inner, digest)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(a Referrer) bool { return a.Digest == "" })
	for _, desc := range referrers {
		found = append(found, Referrer{Digest: desc.Digest.String(), Desc: desc, Of: digest})
	}
	return found, nil
}
