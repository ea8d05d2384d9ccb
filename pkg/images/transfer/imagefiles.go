package transfer

import (
	"bytes"
	"context"
	"fmt"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// contactLimit is how long it may take until a registry has said what an image is, if its
// files are wanted. Who is offline learns it soon.
const contactLimit = 10 * time.Second

// Files returns the files below a directory of an image, by their paths in it: those
// that keep accepts, as the layers leave them (OCI image-spec, layer.md). It returns, too,
// why some could not be read: they are too large, or lead out of the directory. Nothing is
// written, and nothing but the layers is read. Of a multi-platform image it is the one for
// linux/amd64, or the first.
func (r *Registries) Files(ctx context.Context, ref images.Ref, dir string, keep func(path string) bool) (files map[string][]byte, refused map[string]error, err error) {
	source, err := r.source(ref)
	if err != nil {
		return nil, nil, err
	}
	layers, err := r.layers(ctx, source, ref)
	if err != nil {
		return nil, nil, err
	}
	tree := newFileTree(dir, keep)
	for _, layer := range layers {
		err = r.askTwice(ctx, source, func(ctx context.Context, s *session) error { return s.addLayer(ctx, layer, tree) })
		if err != nil {
			return nil, nil, err
		}
	}
	files, refused = tree.resolve()
	return files, refused, nil
}

// layers returns the layers of an image, from the lowest up.
func (r *Registries) layers(ctx context.Context, source endpoint, ref images.Ref) ([]v1.Descriptor, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, contactLimit, fmt.Errorf("no answer within %s", contactLimit))
	defer cancel()
	id := ref.Digest
	if id == "" {
		id = ref.Tag
	}
	var layers []v1.Descriptor
	err := r.askTwice(ctx, source, func(ctx context.Context, s *session) (err error) {
		layers, err = s.layers(ctx, id)
		return err
	})
	if err != nil && ctx.Err() != nil {
		return nil, source.wrap("", context.Cause(ctx))
	}
	return layers, err
}

// askTwice is ask without patience.
func (r *Registries) askTwice(ctx context.Context, side endpoint, send func(context.Context, *session) error) error {
	twice := policy{attempts: 2, first: r.retry.first, longest: time.Second}
	return twice.do(ctx, func(int, error, time.Duration) {}, func(ctx context.Context) error {
		return side.wrap("", side.with(ctx, send))
	})
}

func (s *session) layers(ctx context.Context, id string) ([]v1.Descriptor, error) {
	m, err := s.manifest(ctx, id)
	if err != nil {
		return nil, err
	}
	if m.mediaType.IsIndex() {
		index, err := v1.ParseIndexManifest(bytes.NewReader(m.raw))
		if err != nil {
			return nil, invalid(err)
		}
		chosen, ok := choosePlatform(index.Manifests)
		if !ok {
			return nil, invalid(fmt.Errorf("it has no images"))
		}
		if m, err = s.manifest(ctx, chosen.Digest.String()); err != nil {
			return nil, err
		}
	}
	image, err := v1.ParseManifest(bytes.NewReader(m.raw))
	if err != nil {
		return nil, invalid(err)
	}
	return image.Layers, nil
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

// addLayer reads a layer into a tree. What was read of one that breaks off is forgotten.
func (s *session) addLayer(ctx context.Context, layer v1.Descriptor, tree *fileTree) error {
	if !layer.MediaType.IsDistributable() {
		return &refusalError{class: images.ClassPolicy, msg: fmt.Sprintf("a layer of the type %q is not in the registry", layer.MediaType)}
	}
	blob, err := s.blob(ctx, layer)
	if err != nil {
		return err
	}
	defer blob.Close()
	content, err := unpacked(blob)
	if err != nil {
		return err
	}
	defer content.Close()
	return tree.add(content)
}
