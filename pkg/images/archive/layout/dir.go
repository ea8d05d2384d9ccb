package layout

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
)

// dir is a layout in a directory. A file gets its final name when it is complete.
type dir struct {
	root *os.Root
}

func openDir(name string) (*dir, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	if _, err := root.Stat(layoutFile); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return &dir{root: root}, nil
}

func createDir(name string) (*dir, error) {
	if err := os.MkdirAll(name, 0o755); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	d := &dir{root: root}
	if err := errors.Join(root.MkdirAll("blobs/sha256", 0o755), d.write(layoutFile, []byte(layoutText))); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return d, nil
}

func (d *dir) has(digest v1.Hash) bool {
	info, err := d.root.Stat(blobPath(digest))
	return err == nil && info.Mode().IsRegular()
}

func (d *dir) open(digest v1.Hash) (io.ReadSeekCloser, error) {
	f, err := openRegular(d.root, blobPath(digest))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, absent(digest)
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (d *dir) create(digest v1.Hash, size int64) (slot, error) {
	if err := room(d.dir(), size); err != nil {
		return nil, err
	}
	name := blobPath(digest)
	if err := d.root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return nil, err
	}
	f, err := createNew(d.root, name+partial)
	if err != nil {
		return nil, err
	}
	return &incoming{File: f, root: d.root, name: name}, nil
}

func (d *dir) readIndex() ([]byte, error) {
	f, err := openRegular(d.root, indexFile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return bounded.ReadAll(f, maxIndex)
}

func (d *dir) writeIndex(data []byte) error { return d.write(indexFile, data) }

func (d *dir) write(name string, data []byte) error {
	f, err := createNew(d.root, name+partial)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return errors.Join(err, f.Close())
	}
	return (&incoming{File: f, root: d.root, name: name}).commit()
}

func (d *dir) dir() string { return d.root.Name() }

func (d *dir) close(bool) error { return d.root.Close() }

// incoming is a file that gets its final name at the end.
type incoming struct {
	*os.File
	root *os.Root
	name string
}

func (f *incoming) commit() error {
	if err := f.Close(); err != nil {
		return err
	}
	return f.root.Rename(f.name+partial, f.name)
}

func (f *incoming) abort() {
	_ = f.Close()
	_ = f.root.Remove(f.name + partial)
}
