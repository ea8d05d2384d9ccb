package compare

import (
	"context"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
)

// Signatures, attestations and lists of contents hang on the digest of an image in one of
// two ways: under a tag that cosign makes of the digest, or as a manifest whose subject
// is the digest, which a registry lists as its referrer. The index of an image is asked for
// first, and its platforms only if the index has any.

// Attachment is a manifest that hangs on an image.
type Attachment struct {
	Digest string
	Tag    string        // "" for a referrer
	Desc   v1.Descriptor // of a referrer
	Of     string        // the digest that it hangs on
}

// cosignSuffixes are those of the tags that cosign writes.
func cosignSuffixes() []string { return []string{".sig", ".att", ".sbom"} }

// Attachments lists what hangs on an image at its source: on its digest, and on those of
// its platforms.
func (p *Pair) Attachments(ctx context.Context, digest string, platforms []string) ([]Attachment, error) {
	if p.reach.NoReferrers {
		return nil, nil
	}
	found, err := p.attached(ctx, digest)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	for _, platform := range platforms {
		more, err := p.attached(ctx, platform)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}

// attached lists what hangs on one digest.
func (p *Pair) attached(ctx context.Context, digest string) ([]Attachment, error) {
	found := make([]Attachment, len(cosignSuffixes()))
	group, inner := errgroup.WithContext(ctx)
	for i, suffix := range cosignSuffixes() {
		group.Go(func() error {
			tag := oci.DigestTag(digest) + suffix
			id, err := p.Source.Digest(inner, tag)
			if failure.IsRefused(err) {
				return nil
			}
			found[i] = Attachment{Digest: id, Tag: tag, Of: digest}
			return err
		})
	}
	var referrers []v1.Descriptor
	group.Go(func() (err error) {
		referrers, err = p.Source.Referrers(inner, digest)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(a Attachment) bool { return a.Digest == "" })
	for _, desc := range referrers {
		found = append(found, Attachment{Digest: desc.Digest.String(), Desc: desc, Of: digest})
	}
	return found, nil
}
