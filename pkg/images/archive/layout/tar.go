package layout

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// tarball is a layout in a tar file. The file has a temporary name until it is complete.
// The size of a blob is known in advance, so each blob gets its position at once, and
// several blobs are written concurrently. A later run fills the positions that an
// interrupted run has left incomplete.
type tarball struct {
	file *os.File
	root *os.Root // the directory of the file; nil if read only
	name string   // final name, in root

	mu     sync.Mutex
	places map[v1.Hash]*span
	end    int64 // position of the next blob
	index  []byte
	docker bool // the file has a manifest.json
}

// span is the position of a blob.
type span struct {
	header, at, size int64
	full             bool
	taken            bool // the blob is being written
}

const (
	block      = 512
	partial    = ".partial"
	unusedName = "unused/"
)

// createTar opens a tar file for writing. It continues with an incomplete file of an
// earlier run, or with a complete file.
func createTar(path string) (*tarball, error) {
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	t, err := resume(root, filepath.Base(path))
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return t, nil
}

// resume opens the incomplete file. A file that is not an archive is not changed.
func resume(root *os.Root, name string) (*tarball, error) {
	working := name + partial
	if _, err := root.Lstat(working); errors.Is(err, fs.ErrNotExist) {
		if err := reopen(root, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	f, err := openOwn(root, working)
	if err != nil {
		return nil, err
	}
	t, err := incomplete(f, working)
	if err != nil {
		return nil, err
	}
	t.root, t.name = root, name
	return t, nil
}

// incomplete reads an incomplete file, and verifies its blobs. It closes the file on error.
func incomplete(f *os.File, name string) (*tarball, error) {
	t := &tarball{file: f, places: map[v1.Hash]*span{}}
	err := t.scan(true)
	if err == nil {
		err = t.recognised(name)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return t, nil
}

// reopen renames a complete file back to its temporary name.
func reopen(root *os.Root, name string) error {
	info, err := root.Lstat(name)
	if err == nil {
		err = own(name, info)
	}
	if err != nil {
		return err
	}
	f, err := openRegular(root, name)
	if err != nil {
		return err
	}
	t := &tarball{file: f, places: map[v1.Hash]*span{}}
	_ = t.scan(false) // a damaged part is written again
	if err := errors.Join(t.recognised(name), f.Close()); err != nil {
		return err
	}
	return root.Rename(name, name+partial)
}

// recognised returns an error for a file that is not an archive.
func (t *tarball) recognised(name string) error {
	info, err := t.file.Stat()
	if err == nil && t.index == nil && len(t.places) == 0 && info.Size() > 0 {
		err = fmt.Errorf("%s exists and is not an OCI archive: choose another name, or remove it", name)
	}
	return err
}

func (t *tarball) has(digest v1.Hash) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	s, ok := t.places[digest]
	return ok && s.full
}

func (t *tarball) open(digest v1.Hash) (io.ReadSeekCloser, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s, ok := t.places[digest]
	if !ok || !s.full {
		return nil, absent(digest)
	}
	return section{io.NewSectionReader(t.file, s.at, s.size)}, nil
}

type section struct{ *io.SectionReader }

func (section) Close() error { return nil }

func (t *tarball) create(digest v1.Hash, size int64) (slot, error) {
	if err := room(t.dir(), size); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s, ok := t.places[digest]
	if ok && !s.taken && s.size == size {
		s.taken = true
		return &place{t: t, span: s}, nil
	}
	header, err := headerOf(blobPath(digest), size)
	if err != nil {
		return nil, err
	}
	if _, err := t.file.WriteAt(header, t.end); err != nil {
		return nil, err
	}
	s = &span{header: t.end, at: t.end + int64(len(header)), size: size, taken: true}
	t.end = s.at + padded(size)
	t.places[digest] = s
	if err := t.file.Truncate(t.end); err != nil { // with padding
		return nil, err
	}
	return &place{t: t, span: s}, nil
}

func headerOf(name string, size int64) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644, Format: tar.FormatPAX})
	return b.Bytes(), err
}

func (t *tarball) readIndex() ([]byte, error) {
	if t.index == nil {
		return nil, fs.ErrNotExist
	}
	return t.index, nil
}

// writeIndex keeps the index in memory until the file is completed.
func (t *tarball) writeIndex(data []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.index = data
	return nil
}

func (t *tarball) dir() string { return t.root.Name() }

func (t *tarball) close(complete bool) error {
	if t.root == nil {
		return t.file.Close()
	}
	defer t.root.Close()
	if !complete {
		return t.file.Close()
	}
	err := t.complete()
	if closing := t.file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	return t.root.Rename(t.name+partial, t.name)
}

// complete writes the index after the blobs. Positions without content get names outside of
// the layout.
func (t *tarball) complete() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for digest, s := range t.places {
		if s.full {
			continue
		}
		header, err := headerOf(unusedName+digest.Hex, s.size)
		if err != nil {
			return err
		}
		if int64(len(header)) != s.at-s.header {
			return fmt.Errorf("the incomplete blob %s cannot be renamed", digest)
		}
		if _, err := t.file.WriteAt(header, s.header); err != nil {
			return err
		}
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range []struct {
		name string
		data []byte
	}{{layoutFile, []byte(layoutText)}, {indexFile, t.index}} {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: f.name, Size: int64(len(f.data)), Mode: 0o644}); err != nil {
			return err
		}
		if _, err := w.Write(f.data); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := t.file.Truncate(t.end); err != nil {
		return err
	}
	_, err := t.file.WriteAt(b.Bytes(), t.end)
	return err
}

// place is a blob that is being written to its position.
type place struct {
	t    *tarball
	span *span
	n    int64
}

// Write implements io.Writer.
func (p *place) Write(data []byte) (int, error) {
	if p.n+int64(len(data)) > p.span.size {
		return 0, errors.New("the blob is larger than its descriptor says")
	}
	n, err := p.t.file.WriteAt(data, p.span.at+p.n)
	p.n += int64(n)
	return n, err
}

func (p *place) commit() error {
	p.t.mu.Lock()
	defer p.t.mu.Unlock()
	p.span.full, p.span.taken = true, false
	return nil
}

func (p *place) abort() {
	p.t.mu.Lock()
	defer p.t.mu.Unlock()
	p.span.taken = false
}
