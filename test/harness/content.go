package harness

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Identical returns an error unless an image is identical in two registries without login,
// to the last blob: it reads every manifest, config and layer, and verifies its digest.
// reference is an upstream reference; the source has its host in the path, the target does
// not.
func Identical(reference, source, target string) error {
	host, rest, _ := strings.Cut(reference, "/")
	want, err := contents(source + "/" + host + "/" + rest)
	if err != nil {
		return err
	}
	got, err := contents(target + "/" + rest)
	if err != nil {
		return err
	}
	if !slices.Equal(want, got) {
		return fmt.Errorf("%s: the source is\n  %s\nthe target is\n  %s", reference, strings.Join(want, "\n  "), strings.Join(got, "\n  "))
	}
	return nil
}

// contents returns the digests of all content of a reference.
func contents(reference string) ([]string, error) {
	ref, err := name.ParseReference(reference)
	if err != nil {
		return nil, err
	}
	desc, err := remote.Get(ref)
	if err != nil {
		return nil, err
	}
	found := []string{fmt.Sprintf("%s %s", desc.Digest, desc.MediaType)}
	if !desc.MediaType.IsIndex() {
		image, err := desc.Image()
		if err != nil {
			return nil, err
		}
		return imageContents(image, found)
	}
	index, err := desc.ImageIndex()
	if err != nil {
		return nil, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	for _, child := range manifest.Manifests {
		image, err := index.Image(child.Digest)
		if err != nil {
			return nil, err
		}
		if found, err = imageContents(image, found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func imageContents(image v1.Image, found []string) ([]string, error) {
	digest, err := image.Digest()
	if err != nil {
		return nil, err
	}
	if _, err := image.RawConfigFile(); err != nil {
		return nil, err
	}
	layers, err := image.Layers()
	if err != nil {
		return nil, err
	}
	found = append(found, digest.String())
	for _, layer := range layers {
		digest, err := layer.Digest()
		if err != nil {
			return nil, err
		}
		if err := read(layer); err != nil {
			return nil, fmt.Errorf("%s: %w", digest, err)
		}
		found = append(found, digest.String())
	}
	return found, nil
}

// read reads a layer to its end, and so verifies its digest.
func read(layer v1.Layer) error {
	content, err := layer.Compressed()
	if err != nil {
		return err
	}
	defer content.Close()
	_, err = io.Copy(io.Discard, content)
	return err
}
