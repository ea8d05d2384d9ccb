package layout

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive/dockerarchive"
)

// saved is a docker-archive with the interface of a layout.
type saved struct {
	file    *os.File
	archive *dockerarchive.Archive
}

// openSaved opens a docker-archive. It closes the file on error.
func openSaved(ctx context.Context, f *os.File) (store, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	archive, err := dockerarchive.Read(ctx, f, info.Size())
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &saved{file: f, archive: archive}, nil
}

func (s *saved) has(digest v1.Hash) bool { return s.archive.Has(digest) }

func (s *saved) open(digest v1.Hash) (io.ReadSeekCloser, error) {
	blob, ok := s.archive.Open(digest)
	if !ok {
		return nil, absent(digest)
	}
	return blob, nil
}

func (s *saved) readIndex() ([]byte, error) {
	index := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{}}
	for _, img := range s.archive.Images {
		desc := img.Descriptor
		desc.Annotations = map[string]string{NameAnnotation: img.Name}
		index.Manifests = append(index.Manifests, desc)
	}
	return json.Marshal(index)
}

func (s *saved) close(bool) error { return s.file.Close() }
