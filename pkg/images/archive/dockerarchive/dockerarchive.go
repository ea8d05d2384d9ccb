// Package dockerarchive reads docker-archives: the tar files of docker save, crane pull and
// kubermatic-installer mirror-images. Such a file has a manifest.json with configurations
// and layers, but no image manifests. The package generates manifests; the same input gives
// the same bytes. It must not know where the images are copied to.
package dockerarchive

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// ManifestFile is the member that identifies the format.
const ManifestFile = "manifest.json"

// Archive is an open docker-archive. It is safe for concurrent use.
type Archive struct {
	Images  []Entry
	LeftOut []LeftOut

	file  io.ReaderAt
	blobs map[v1.Hash]content
}

// Entry is a full reference in the archive, with the generated manifest.
type Entry struct {
	Name string
	v1.Descriptor
}

// LeftOut is an image that cannot be read from the archive.
type LeftOut struct {
	Name   string
	Reason string
}

// content is the position of a blob in the file or, for generated blobs, its bytes.
type content struct {
	place
	made []byte
}

// Read reads the images of a docker-archive. It does not read layers whose digest is known
// from the archive; Open verifies them. The error is a *failure.DamagedError for a missing
// or damaged member.
func Read(ctx context.Context, file io.ReaderAt, size int64) (*Archive, error) {
	found, err := scan(io.NewSectionReader(file, 0, size))
	if err != nil {
		return nil, err
	}
	r := &reader{
		archive: &Archive{file: file, blobs: map[v1.Hash]content{}},
		members: found, configs: map[string]config{}, layers: map[string]layer{}, named: map[string]v1.Hash{},
	}
	entries, err := r.entries()
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if err := r.image(ctx, e); err != nil {
			return nil, err
		}
	}
	return r.archive, nil
}

// Has reports whether the archive has a blob.
func (a *Archive) Has(digest v1.Hash) bool {
	_, ok := a.blobs[digest]
	return ok
}

// Open opens a blob. If the content does not match the digest, a reader that reads the blob
// from its start gets a *failure.DamagedError instead of the last bytes.
func (a *Archive) Open(digest v1.Hash) (blob io.ReadSeekCloser, ok bool) {
	c, ok := a.blobs[digest]
	switch {
	case !ok:
		return nil, false
	case c.made != nil:
		return made{bytes.NewReader(c.made)}, true
	default:
		return newChecked(a.file, c.place, digest), true
	}
}

type made struct{ *bytes.Reader }

func (made) Close() error { return nil }

// Platforms returns the platforms of the images, each once.
func (a *Archive) Platforms() []string {
	var names []string
	for _, img := range a.Images {
		names = append(names, img.Platform.String())
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// name adds an image under a name.
func (a *Archive) name(img Entry) { a.Images = append(a.Images, img) }

// leaveOut records an image that cannot be read.
func (a *Archive) leaveOut(name, format string, args ...any) {
	a.LeftOut = append(a.LeftOut, LeftOut{Name: name, Reason: fmt.Sprintf(format, args...)})
}
