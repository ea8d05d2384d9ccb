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

// tarball is a layout in a tar file. While it is written, it has another name. The size of
// a blob is known before it comes, so each gets its place in the file at once, and
// several are written side by side. A place that a killed run left half full is
// filled by the next one.
type tarball struct {
	file *os.File
	root *os.Root // its directory, nil if it is only read
	name string   // of the complete file, in root

	mu     sync.Mutex
	places map[v1.Hash]*span
	end    int64 // where the next place begins
	index  []byte
	docker bool // it has a manifest.json
}

// span is the place of a blob.
type span struct {
	header, at, size int64
	full             bool
	taken            bool // somebody writes it
}

const (
	block      = 512
	partial    = ".partial"
	unusedName = "unused/"
)

// createTar goes on with what there is: a file that was not completed, or a complete one.
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

// resume opens the file that is written. What is not an archive is not touched.
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
	t := &tarball{root: root, name: name, file: f, places: map[v1.Hash]*span{}}
	err = t.scan(true)
	if err == nil {
		err = t.recognised(working)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return t, nil
}

// reopen makes a complete file one that is written.
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
	_ = t.scan(false) // a damaged one is written anew from where it is
	if err := errors.Join(t.recognised(name), f.Close()); err != nil {
		return err
	}
	return root.Rename(name, name+partial)
}

// recognised returns an error for a file with other content than archives have.
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
	if err := t.file.Truncate(t.end); err != nil { // the padding is there, too
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

// writeIndex keeps the index until the file is completed.
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

// complete writes the index behind the blobs. Places that were never filled get a name
// under which nobody looks.
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
			return fmt.Errorf("the place of %s cannot be renamed", digest)
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

// place is a blob that is being written into its place.
type place struct {
	t    *tarball
	span *span
	n    int64
}

// Write implements io.Writer.
func (p *place) Write(data []byte) (int, error) {
	if p.n+int64(len(data)) > p.span.size {
		return 0, errors.New("the blob is larger than it was said to be")
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
