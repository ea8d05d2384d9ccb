package archives

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// tarball is a layout in a tar file. While it is written, it has another name. The size of
// a blob is known before it comes, so each gets its place in the file at once, and
// several are written side by side. A place that a killed run left half full is
// filled by the next one.
type tarball struct {
	path    string // of the complete file
	file    *os.File
	reading bool

	mu     sync.Mutex
	places map[v1.Hash]*span
	end    int64 // where the next place begins
	index  []byte
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

func openTar(name string) (*tarball, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	t := &tarball{path: name, file: f, reading: true, places: map[v1.Hash]*span{}}
	if err := t.scan(false); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if t.index == nil {
		return nil, errors.Join(errors.New("it has no "+indexFile+": it is cut, or no OCI image layout"), f.Close())
	}
	return t, nil
}

// createTar goes on with what there is: a file that was not completed, or a complete one.
func createTar(name string) (*tarball, error) {
	working := name + partial
	if _, err := os.Stat(working); errors.Is(err, fs.ErrNotExist) {
		if err := os.Rename(name, working); err != nil && !errors.Is(err, fs.ErrNotExist) {
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

// scan reads where everything is. If the file is to be written, blobs are verified, and
// what is cut at the end is dropped.
func (t *tarball) scan(verify bool) error {
	counted := &counting{r: t.file}
	reader := tar.NewReader(counted)
	for begin := int64(0); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) || (verify && err != nil) {
			return nil //nolint:nilerr // what is cut is written anew
		}
		if err != nil {
			return fmt.Errorf("it is cut or damaged after %d bytes: %w", begin, err)
		}
		at := counted.n
		if err := t.entry(header, reader, begin, at, verify); err != nil {
			return err
		}
		begin = at + padded(header.Size)
	}
}

// padded is what a file takes in a tar file.
func padded(size int64) int64 { return (size + block - 1) / block * block }

func (t *tarball) entry(header *tar.Header, content io.Reader, begin, at int64, verify bool) error {
	name := path.Clean(header.Name)
	rest, isBlob := strings.CutPrefix(name, "blobs/")
	switch {
	case name == indexFile:
		data, err := io.ReadAll(io.LimitReader(content, header.Size))
		if err != nil {
			return fmt.Errorf("%s: %w", indexFile, err)
		}
		t.index = data
		if verify {
			return nil // it is written anew, at the end
		}
	case isBlob && header.Typeflag == tar.TypeReg:
		t.blob(rest, &span{header: begin, at: at, size: header.Size, full: !verify}, content)
	case name == layoutFile && verify:
		return nil
	}
	t.end = at + padded(header.Size)
	return nil
}

// blob notes the place of a blob; name is that of its file below blobs/. One that is to be
// written is not known to be full before its content is read.
func (t *tarball) blob(name string, s *span, content io.Reader) {
	digest, err := v1.NewHash(strings.Replace(name, "/", ":", 1))
	if err != nil {
		return
	}
	if !s.full {
		hasher := sha256.New()
		n, err := io.Copy(hasher, content)
		s.full = err == nil && n == s.size && hex.EncodeToString(hasher.Sum(nil)) == digest.Hex
	}
	t.places[digest] = s
}

// counting counts what is read.
type counting struct {
	r io.Reader
	n int64
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
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
	if err := room(path.Dir(t.path), size); err != nil {
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
