package archives

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// dir is a layout in a directory. A file gets its name when it is complete.
type dir struct {
	root string
}

func openDir(root string) (*dir, error) {
	if _, err := os.Stat(filepath.Join(root, layoutFile)); err != nil {
		return nil, err
	}
	return &dir{root: root}, nil
}

func createDir(root string) (*dir, error) {
	if err := os.MkdirAll(filepath.Join(root, "blobs", "sha256"), 0o755); err != nil {
		return nil, err
	}
	d := &dir{root: root}
	return d, d.write(layoutFile, []byte(layoutText))
}

func (d *dir) path(digest v1.Hash) string {
	return filepath.Join(d.root, filepath.FromSlash(blobPath(digest)))
}

func (d *dir) has(digest v1.Hash) bool {
	_, err := os.Stat(d.path(digest))
	return err == nil
}

func (d *dir) open(digest v1.Hash) (io.ReadSeekCloser, error) {
	f, err := os.Open(d.path(digest))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &AbsentError{Name: digest.String()}
	}
	return f, err
}

func (d *dir) create(digest v1.Hash, size int64) (slot, error) {
	if err := room(d.root, size); err != nil {
		return nil, err
	}
	path := d.path(digest)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	f, err := os.Create(path + ".partial")
	if err != nil {
		return nil, err
	}
	return &file{File: f, path: path}, nil
}

func (d *dir) readIndex() ([]byte, error) { return os.ReadFile(filepath.Join(d.root, indexFile)) }

func (d *dir) writeIndex(data []byte) error { return d.write(indexFile, data) }

func (d *dir) write(name string, data []byte) error {
	path := filepath.Join(d.root, name)
	if err := os.WriteFile(path+".partial", data, 0o644); err != nil {
		return err
	}
	return os.Rename(path+".partial", path)
}

func (d *dir) dir() string { return d.root }

func (d *dir) close(bool) error { return nil }

// file is a blob that gets its name at the end.
type file struct {
	*os.File
	path string
}

func (f *file) commit() error {
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), f.path)
}

func (f *file) abort() {
	_ = f.Close()
	_ = os.Remove(f.Name())
}
