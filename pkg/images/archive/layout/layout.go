// Package layout reads and writes OCI image layouts in directories and in tar files. A blob
// is stored once. The index lists a manifest only after all its content. The package knows
// files and digests; it must not know registries, nor the content of manifests.
package layout

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// Schemes of the two forms on the command line.
const (
	DirScheme = "oci:"
	TarScheme = "oci-archive:"
)

// NameAnnotation is the annotation with the full reference of an image.
const NameAnnotation = "org.opencontainers.image.ref.name"

// containerdAnnotation is containerd's annotation for the full reference.
const containerdAnnotation = "io.containerd.image.name"

const (
	layoutFile = "oci-layout"
	indexFile  = "index.json"
	layoutText = `{"imageLayoutVersion":"1.0.0"}`
)

// Archive is safe for concurrent use.
type Archive struct {
	name    string
	store   store
	sink    sink // nil: read only
	notes   []string
	leftOut []LeftOut

	mu    sync.Mutex
	index v1.IndexManifest
	base  *Base // nil: the archive is complete
	saved time.Time
	dirty bool // the index has entries that are not written
}

// saveEvery is the shortest time between two writes of the index while images are added.
const saveEvery = time.Second

// store gives access to the files of a layout.
type store interface {
	has(digest v1.Hash) bool
	open(digest v1.Hash) (io.ReadSeekCloser, error)
	readIndex() ([]byte, error)
	close(complete bool) error
}

// sink is a store that can be written.
type sink interface {
	store
	create(digest v1.Hash, size int64) (slot, error)
	writeIndex(data []byte) error
	dir() string // a directory in the file system of the store
}

// slot is a blob that is being written.
type slot interface {
	io.Writer
	commit() error
	abort()
}

// IsName reports whether a command line argument is the name of an archive.
func IsName(s string) bool { return strings.HasPrefix(s, DirScheme) || strings.HasPrefix(s, TarScheme) }

// Create opens an archive for writing. Content of an interrupted run is kept.
func Create(name string) (*Archive, error) {
	var s sink
	var err error
	if dir, ok := strings.CutPrefix(name, DirScheme); ok {
		s, err = createDir(dir)
	} else {
		s, err = createTar(strings.TrimPrefix(name, TarScheme))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	a, err := load(name, s)
	if err != nil {
		return nil, err
	}
	a.sink = s
	return a, nil
}

// load reads the index of a store. It closes the store on error.
func load(name string, s store) (*Archive, error) {
	a := &Archive{name: name, store: s, index: v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex}}
	data, err := s.readIndex()
	if err == nil {
		a.index, err = parseIndex(data)
	}
	if err == nil {
		err = a.readBase()
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(fmt.Errorf("%s: index: %w", name, err), s.close(false))
	}
	return a, nil
}

// String returns the name of the archive.
func (a *Archive) String() string { return a.name }

// Close closes the archive. An archive that is not complete stays incomplete.
func (a *Archive) Close() error {
	var err error
	if a.sink != nil && a.isDirty() {
		err = a.save()
	}
	return errors.Join(err, a.store.close(false))
}

func (a *Archive) isDirty() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.dirty
}

// Finish completes an archive that was written.
func (a *Archive) Finish() error {
	if err := a.save(); err != nil {
		return err
	}
	return a.sink.close(true)
}

// CheckRoom returns a *NoSpaceError if the archive's file system has fewer free bytes.
func (a *Archive) CheckRoom(bytes int64) error {
	if a.sink == nil {
		return a.readOnly()
	}
	return room(a.sink.dir(), bytes)
}

func (a *Archive) readOnly() error { return fmt.Errorf("%s is open for reading only", a.name) }

// Has reports whether the archive has a blob. It is false for an invalid digest.
func (a *Archive) Has(digest v1.Hash) bool { return checkDigest(digest) == nil && a.store.has(digest) }

// Holds reports whether the archive has a blob of the descriptor's size.
func (a *Archive) Holds(desc v1.Descriptor) bool {
	blob, err := a.Blob(desc.Digest)
	if err != nil {
		return false
	}
	defer blob.Close()
	size, err := blob.Seek(0, io.SeekEnd)
	return err == nil && size == desc.Size
}

// Blob opens a blob without verification. The error is a *failure.NotFoundError if the blob
// does not exist.
func (a *Archive) Blob(digest v1.Hash) (io.ReadSeekCloser, error) {
	if err := checkDigest(digest); err != nil {
		return nil, err
	}
	return a.store.open(digest)
}

// Write writes a blob into the archive. The blob exists in the archive only after all its
// bytes were written.
func (a *Archive) Write(digest v1.Hash, size int64, content io.Reader) error {
	if a.sink == nil {
		return a.readOnly()
	}
	if err := errors.Join(checkDigest(digest), checkSize(size)); err != nil {
		return err
	}
	s, err := a.sink.create(digest, size)
	if err != nil {
		return err
	}
	n, err := io.Copy(s, content)
	if err == nil && n != size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		s.abort()
		return err
	}
	return s.commit()
}

// Find returns the descriptor with a full reference.
func (a *Archive) Find(name string) (v1.Descriptor, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := a.position(name)
	if i < 0 {
		return v1.Descriptor{}, false
	}
	return a.index.Manifests[i], true
}

func (a *Archive) position(name string) int {
	return slices.IndexFunc(a.index.Manifests, func(d v1.Descriptor) bool { return name != "" && d.Annotations[NameAnnotation] == name })
}

// Entries returns the entries of the index.
func (a *Archive) Entries() []v1.Descriptor {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.index.Manifests)
}

// Tag lists a manifest in the index under a full reference, or without a name. The index is
// written at most once in a second, and by Close and Finish: a process that is killed loses
// the entries of a second, and the next run adds these again. The entry has the annotations of the descriptor (see Notes), and the name.
func (a *Archive) Tag(name string, desc v1.Descriptor) error {
	a.mu.Lock()
	if name != "" {
		named := map[string]string{}
		maps.Copy(named, desc.Annotations)
		named[NameAnnotation], named[containerdAnnotation] = name, name
		desc.Annotations = named
	}
	i := a.position(name)
	if name == "" {
		i = slices.IndexFunc(a.index.Manifests, func(d v1.Descriptor) bool { return d.Digest == desc.Digest })
	}
	if i >= 0 {
		a.index.Manifests[i] = desc
	} else {
		a.index.Manifests = append(a.index.Manifests, desc)
	}
	a.dirty = true
	due := time.Since(a.saved) >= saveEvery
	a.mu.Unlock()
	if !due {
		return nil
	}
	return a.save()
}

func (a *Archive) save() error {
	if a.sink == nil {
		return a.readOnly()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	slices.SortStableFunc(a.index.Manifests, func(x, y v1.Descriptor) int {
		return strings.Compare(x.Annotations[NameAnnotation]+x.Digest.Hex, y.Annotations[NameAnnotation]+y.Digest.Hex)
	})
	if a.index.Manifests == nil {
		a.index.Manifests = []v1.Descriptor{}
	}
	if err := a.annotate(); err != nil {
		return err
	}
	data, err := json.Marshal(a.index)
	if err != nil {
		return err
	}
	if len(data) > maxIndex {
		return fmt.Errorf("%s: the index would be %w, which this plugin could not read again: write the images into several archives", a.name, &bounded.ExceededError{Limit: maxIndex})
	}
	if err := a.sink.writeIndex(data); err != nil {
		return err
	}
	a.saved, a.dirty = time.Now(), false
	return nil
}

// blobPath returns the path of a blob in a layout.
func blobPath(digest v1.Hash) string { return "blobs/" + digest.Algorithm + "/" + digest.Hex }

// absent returns the error for a blob that the archive does not have.
func absent(digest v1.Hash) error {
	return &failure.NotFoundError{Name: digest.String(), Where: "the archive"}
}
