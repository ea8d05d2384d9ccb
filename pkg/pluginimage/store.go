package pluginimage

import (
	"bytes"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
)

// Store takes blobs and manifests, as archives do.
type Store interface {
	Has(digest v1.Hash) bool
	Write(digest v1.Hash, size int64, content io.Reader) error
}

// Write writes an index with all its images to a store, and returns the descriptor of the index.
func Write(store Store, index v1.ImageIndex) (v1.Descriptor, error) {
	manifest, err := index.IndexManifest()
	if err != nil {
		return v1.Descriptor{}, err
	}
	for _, entry := range manifest.Manifests {
		image, err := index.Image(entry.Digest)
		if err != nil {
			return v1.Descriptor{}, err
		}
		if err := writeImage(store, image); err != nil {
			return v1.Descriptor{}, err
		}
	}
	desc, err := partial.Descriptor(index)
	if err != nil {
		return v1.Descriptor{}, err
	}
	raw, err := index.RawManifest()
	if err != nil {
		return v1.Descriptor{}, err
	}
	return *desc, write(store, desc.Digest, desc.Size, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(raw)), nil })
}

// writeImage writes the layers of an image, its configuration and its manifest.
func writeImage(store Store, image v1.Image) error {
	layers, err := image.Layers()
	if err != nil {
		return err
	}
	for _, layer := range layers {
		digest, err := layer.Digest()
		if err != nil {
			return err
		}
		size, err := layer.Size()
		if err != nil {
			return err
		}
		if err := write(store, digest, size, layer.Compressed); err != nil {
			return err
		}
	}
	for _, document := range []func() ([]byte, error){image.RawConfigFile, image.RawManifest} {
		raw, err := document()
		if err != nil {
			return err
		}
		digest, size, err := v1.SHA256(bytes.NewReader(raw))
		if err != nil {
			return err
		}
		if err := write(store, digest, size, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(raw)), nil }); err != nil {
			return err
		}
	}
	return nil
}

// write writes a blob that the store does not have.
func write(store Store, digest v1.Hash, size int64, open func() (io.ReadCloser, error)) error {
	if store.Has(digest) {
		return nil
	}
	content, err := open()
	if err != nil {
		return err
	}
	defer content.Close()
	return store.Write(digest, size, content)
}
