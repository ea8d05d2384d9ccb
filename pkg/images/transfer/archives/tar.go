package archives

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
	path string // of the complete file
	file *os.File

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
func createTar(name string) (*tarball, error) {
	working := name + partial
	if _, err := os.Stat(working); errors.Is(err, fs.ErrNotExist) {
		if err := reopen(name, working); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	f, err := os.OpenFile(working, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	t := &tarball{path: name, file: f, places: map[v1.Hash]*span{}}
	if err := t.scan(true); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return t, nil
}

// reopen makes a complete file one that is written. What is not an archive is not touched.
func reopen(name, working string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	t := &tarball{file: f, places: map[v1.Hash]*span{}}
	info, err := f.Stat()
	_ = t.scan(false) // a damaged one is written anew from where it is
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if t.index == nil && len(t.places) == 0 && info.Size() > 0 {
		return errors.New("it is there, and no OCI archive: choose another name, or remove it")
	}
	return os.Rename(name, working)
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
		return nil, &AbsentError{Name: digest.String()}
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

func (t *tarball) dir() string { return filepath.Dir(t.path) }

func (t *tarball) close(complete bool) error {
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
	return os.Rename(t.path+partial, t.path)
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
