package transfer

import (
	"context"
	"encoding/json"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/compare"
)

// referrer is a referrer of the image, with its tree of manifests.
type referrer struct {
	compare.Referrer
	tree *oci.Node
}

// referrers reads the referrers of the image. They are queried only if the image is copied:
// for an unchanged image, the queries would be most of its requests.
func (i *imageCopy) referrers(ctx context.Context, tree *oci.Node) ([]referrer, error) {
	var platforms []string
	for _, child := range tree.Children {
		platforms = append(platforms, child.Digest)
	}
	list, err := i.Referrers(ctx, tree.Digest, platforms)
	if err != nil {
		return nil, err
	}
	var found []referrer
	for _, a := range list {
		tree, err := i.Read(ctx, a.Digest, nil)
		if err != nil {
			return nil, err
		}
		if err := i.repair(ctx, tree); err != nil {
			return nil, err
		}
		found = append(found, referrer{a, tree})
	}
	return found, nil
}

// putReferrers writes the referrers of the image, after their blobs.
func (i *imageCopy) putReferrers(ctx context.Context, referrers []referrer) error {
	unlisted := map[string][]v1.Descriptor{}
	for _, a := range referrers {
		if err := i.commitChildren(ctx, a.tree); err != nil {
			return err
		}
		listed, err := i.Target.PutManifest(ctx, a.tree.Manifest, a.Tag)
		if err != nil {
			return err
		}
		if a.Tag == "" && !listed {
			unlisted[a.Of] = append(unlisted[a.Of], a.Desc)
		}
	}
	for digest, descs := range unlisted {
		if err := i.listReferrers(ctx, digest, descs); err != nil {
			return err
		}
	}
	return nil
}

// listReferrers adds the referrers of a digest to the index under the fallback tag, which
// replaces the referrers API in registries that lack it. Existing entries are kept.
func (i *imageCopy) listReferrers(ctx context.Context, digest string, descs []v1.Descriptor) error {
	tag := oci.DigestTag(digest)
	known, err := i.Target.Manifest(ctx, tag)
	if err != nil && !failure.IsNotFound(err) {
		return err
	}
	index := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex}
	if err == nil {
		if _, err := known.References(); err != nil {
			return i.Target.Location().Wrap("", err)
		}
		if err := json.Unmarshal(known.Raw, &index); err != nil {
			return i.Target.Location().Wrap("", oci.Invalid(err))
		}
	}
	index.Manifests = oci.Unique(append(index.Manifests, descs...))
	raw, err := json.Marshal(index)
	if err != nil {
		return err
	}
	m, err := oci.New(raw, string(types.OCIImageIndex), "")
	if err != nil {
		return err
	}
	_, err = i.Target.PutManifest(ctx, m, tag)
	return err
}
