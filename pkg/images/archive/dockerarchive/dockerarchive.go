// Package dockerarchive reads docker-archives: the tar files that docker save, crane pull and
// kubermatic-installer mirror-images write. Such a file has a manifest.json, which lists
// configurations and layers, but no manifests: they are made here, and are the same each
// time. It knows the format and the names in it; it must not know where the images go.
package dockerarchive

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// ManifestFile is the member by which the format is known.
const ManifestFile = "manifest.json"

// Archive is an opened docker-archive. It is safe for concurrent use.
type Archive struct {
	Images  []Image
	LeftOut []LeftOut

	file  io.ReaderAt
	blobs map[v1.Hash]content
}

// Image is a name in the archive: a full reference, and the manifest that was made for it.
type Image struct {
	Name string
	v1.Descriptor
}

// LeftOut is an image that cannot be taken from the archive.
type LeftOut struct {
	Name   string
	Reason string
}

// content is where a blob is: in a member, or in memory if it was made.
type content struct {
	place
	made []byte
}

// Read reads what is in a docker-archive. Layers whose digest is known from the archive are
// not read; Open verifies them. The error is a *failure.DamagedError if a member is missing or not
// what it should be.
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

// Has tells whether a blob is in the archive.
func (a *Archive) Has(digest v1.Hash) bool {
	_, ok := a.blobs[digest]
	return ok
}

// Open opens a blob. Whoever reads all of it, from the beginning, gets a *failure.DamagedError
// instead of the last bytes if it is not what its digest says.
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

// Platforms are those of the images, each once.
func (a *Archive) Platforms() []string {
	var names []string
	for _, img := range a.Images {
		names = append(names, img.Platform.String())
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// name lists an image under a name.
func (a *Archive) name(img Image) { a.Images = append(a.Images, img) }

// leaveOut notes an image that cannot be taken.
func (a *Archive) leaveOut(name, format string, args ...any) {
	a.LeftOut = append(a.LeftOut, LeftOut{Name: name, Reason: fmt.Sprintf(format, args...)})
}
