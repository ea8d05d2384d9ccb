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

// attachment is a manifest that hangs on the image, with everything that it refers to.
type attachment struct {
	compare.Attachment
	tree *oci.Node
}

// attachments reads what hangs on the image. They are asked for only when the image is
// copied: for one that is unchanged, that would be more requests than all others.
func (j *job) attachments(ctx context.Context, tree *oci.Node) ([]attachment, error) {
	var platforms []string
	for _, child := range tree.Children {
		platforms = append(platforms, child.Digest)
	}
	list, err := j.Attachments(ctx, tree.Digest, platforms)
	if err != nil {
		return nil, err
	}
	var found []attachment
	for _, a := range list {
		tree, err := j.Read(ctx, a.Digest, nil)
		if err != nil {
			return nil, err
		}
		if err := j.mend(ctx, tree); err != nil {
			return nil, err
		}
		found = append(found, attachment{a, tree})
	}
	return found, nil
}

// attach writes what hangs on the image, once its blobs are there.
func (j *job) attach(ctx context.Context, attachments []attachment) error {
	unlisted := map[string][]v1.Descriptor{}
	for _, a := range attachments {
		if err := j.commitChildren(ctx, a.tree); err != nil {
			return err
		}
		listed, err := j.Target.Put(ctx, a.tree.Manifest, a.Tag)
		if err != nil {
			return err
		}
		if a.Tag == "" && !listed {
			unlisted[a.Of] = append(unlisted[a.Of], a.Desc)
		}
	}
	for digest, descs := range unlisted {
		if err := j.list(ctx, digest, descs); err != nil {
			return err
		}
	}
	return nil
}

// list writes the referrers of a digest into the index that stands in for the referrers
// API where a registry lacks it, beside those that are listed there.
func (j *job) list(ctx context.Context, digest string, descs []v1.Descriptor) error {
	tag := oci.DigestTag(digest)
	known, err := j.Target.Manifest(ctx, tag)
	if err != nil && !failure.IsAbsent(err) {
		return err
	}
	index := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex}
	if err == nil {
		if _, err := known.References(); err != nil {
			return j.Target.Wrap("", err)
		}
		if err := json.Unmarshal(known.Raw, &index); err != nil {
			return j.Target.Wrap("", oci.Invalid(err))
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
	_, err = j.Target.Put(ctx, m, tag)
	return err
}
