package fetch

import (
	"context"
	"fmt"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/fetch/layers"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/repository"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
)

// contactLimit is the maximum time for the answer of a registry if files of an image are
// read, so that a user without network access learns this fast.
const contactLimit = 10 * time.Second

// Files returns the files below a directory of an image, by their path below that
// directory: the files that keep selects, after all layers (OCI image-spec, layer.md).
// refused has the errors of files that are too large or are links out of the directory.
// Nothing is written to disk. Of a multi-platform image, Files reads linux/amd64, or else
// the first platform.
func (r Reader) Files(ctx context.Context, ref images.Ref, dir string, keep func(path string) bool) (files map[string][]byte, refused map[string]error, err error) {
	source, err := r.client.Source(ref)
	if err != nil {
		return nil, nil, err
	}
	list, err := r.layers(ctx, source, ref)
	if err != nil {
		return nil, nil, err
	}
	tree := layers.NewTree(dir, keep)
	for _, layer := range list {
		err = r.askTwice(ctx, source, func(ctx context.Context, s *repository.Session) error { return addLayer(ctx, s, layer, tree) })
		if err != nil {
			return nil, nil, err
		}
	}
	files, refused = tree.Resolve()
	return files, refused, nil
}

// layers returns the layers of an image, the lowest first.
func (r Reader) layers(ctx context.Context, source registry.Endpoint, ref images.Ref) ([]v1.Descriptor, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, contactLimit, fmt.Errorf("no answer within %s", contactLimit))
	defer cancel()
	id := ref.Digest
	if id == "" {
		id = ref.Tag
	}
	var layers []v1.Descriptor
	err := r.askTwice(ctx, source, func(ctx context.Context, s *repository.Session) (err error) {
		layers, err = layersOf(ctx, s, id)
		return err
	})
	if err != nil && ctx.Err() != nil {
		return nil, source.Wrap("", context.Cause(ctx))
	}
	return layers, err
}

// askTwice is ask with at most two attempts.
func (r Reader) askTwice(ctx context.Context, source registry.Endpoint, send func(context.Context, *repository.Session) error) error {
	twice := retry.Policy{Attempts: 2, First: r.client.Retries().First, Longest: time.Second}
	return twice.Do(ctx, func(int, error, time.Duration) {}, func(ctx context.Context) error {
		return source.Wrap("", source.With(ctx, send))
	})
}

// layersOf reads the layers of one platform of an image.
func layersOf(ctx context.Context, s *repository.Session, id string) ([]v1.Descriptor, error) {
	m, err := s.Manifest(ctx, id)
	if err != nil {
		return nil, err
	}
	if m.MediaType.IsIndex() {
		index, err := m.References()
		if err != nil {
			return nil, err
		}
		chosen, ok := choosePlatform(index.Manifests)
		if !ok {
			return nil, oci.Invalid(fmt.Errorf("the index has no images"))
		}
		if m, err = s.Manifest(ctx, chosen.Digest.String()); err != nil {
			return nil, err
		}
	}
	image, err := m.References()
	return image.Layers, err
}

// choosePlatform returns the entry of an index whose files are read.
func choosePlatform(entries []v1.Descriptor) (v1.Descriptor, bool) {
	for _, entry := range entries {
		if p := entry.Platform; p != nil && p.OS == "linux" && p.Architecture == "amd64" && entry.MediaType.IsImage() {
			return entry, true
		}
	}
	for _, entry := range entries {
		if entry.MediaType.IsImage() {
			return entry, true
		}
	}
	return v1.Descriptor{}, false
}

// addLayer applies a layer to a tree. An interrupted layer does not change the tree.
func addLayer(ctx context.Context, s *repository.Session, layer v1.Descriptor, tree *layers.Tree) error {
	if !layer.MediaType.IsDistributable() {
		return &failure.RejectedError{As: images.ClassPolicy, Msg: fmt.Sprintf("a layer of the type %q is not in the registry", layer.MediaType)}
	}
	blob, err := s.Blob(ctx, layer)
	if err != nil {
		return err
	}
	defer blob.Close()
	return tree.AddPacked(ctx, blob)
}
