// Package layers reads files out of the layers of an image, as they lie over each other
// (OCI image-spec, layer.md). Layers are not trusted: what they may cost is bounded. It must
// not know where they come from.
package layers

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/faults"
)

// Limits of the files that are read out of an image.
const (
	maxFile    = 4 << 20   // of a file
	maxFiles   = 128 << 20 // of all files
	maxEntries = 500_000   // of all layers
	maxContent = 4 << 30   // bytes of all layers, unpacked
	maxLinks   = 40        // on the way to a file
)

// Tree is the part of an image's file system that is below a directory.
type Tree struct {
	dir     string // "/addons"
	keep    func(path string) bool
	entries map[string]fileEntry // by absolute path
	size    int64                // of the files
	seen    int                  // entries of layers
	content int64                // bytes of layers
}

// fileEntry is a file, a link to one, or what cannot be read.
type fileEntry struct {
	data []byte
	link string // absolute, "" for a file
	err  error
}

// NewTree returns an empty tree of the files below a directory that keep accepts, by their
// paths in it.
func NewTree(dir string, keep func(string) bool) *Tree {
	return &Tree{dir: path.Clean("/" + dir), keep: keep, entries: map[string]fileEntry{}}
}

// AddPacked puts a layer over those before it, whatever it is compressed with.
func (t *Tree) AddPacked(layer io.Reader) error {
	content, err := unpacked(layer)
	if err != nil {
		return err
	}
	defer content.Close()
	return t.add(content)
}

// add puts a layer over those before it. What it takes away, it takes from them, wherever
// it stands in the layer.
func (t *Tree) add(layer io.Reader) error {
	upper := map[string]fileEntry{}
	var removed, emptied []string
	content := tar.NewReader(&limitedReader{inner: layer, read: &t.content})
	for {
		header, err := content.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return unreadable(err)
		}
		if t.seen++; t.seen > maxEntries {
			return tooMuch("more than %d entries in its layers", maxEntries)
		}
		name := path.Clean("/" + header.Name)
		base := path.Base(name)
		switch {
		case base == ".wh..wh..opq":
			emptied = append(emptied, path.Dir(name))
		case strings.HasPrefix(base, ".wh."):
			removed = append(removed, path.Join(path.Dir(name), strings.TrimPrefix(base, ".wh.")))
		case header.Typeflag == tar.TypeDir: // says nothing about what is in it
		default:
			removed = append(removed, name)
			if err := t.read(upper, name, header, content); err != nil {
				return err
			}
		}
	}
	t.remove(removed, emptied)
	for name, entry := range upper {
		t.entries[name] = entry
		t.size += int64(len(entry.data))
	}
	if t.size > maxFiles {
		return tooMuch("more than %d MiB in %s", maxFiles>>20, t.dir)
	}
	return nil
}

// read reads an entry of a layer, if it is wanted.
func (t *Tree) read(upper map[string]fileEntry, name string, header *tar.Header, content io.Reader) error {
	rel, inside := t.rel(name)
	if strings.Contains("/"+header.Name+"/", "/../") {
		t.climbing(upper, name, header.Name)
		return nil
	}
	if !inside || !t.keep(rel) {
		return nil
	}
	switch header.Typeflag {
	case tar.TypeReg:
		if header.Size > maxFile {
			upper[name] = fileEntry{err: fmt.Errorf("it has %d MiB: at most %d are read", header.Size>>20, maxFile>>20)}
			return nil
		}
		data, err := io.ReadAll(content)
		if err != nil {
			return unreadable(err)
		}
		upper[name] = fileEntry{data: data}
	case tar.TypeSymlink:
		target := header.Linkname
		if !path.IsAbs(target) {
			target = path.Join(path.Dir(name), target)
		}
		upper[name] = fileEntry{link: path.Clean(target)}
	case tar.TypeLink:
		upper[name] = fileEntry{link: path.Clean("/" + header.Linkname)}
	}
	return nil
}

// climbing refuses an entry whose name goes up: no image that was built has one.
func (t *Tree) climbing(upper map[string]fileEntry, name, written string) {
	raw := "/" + strings.TrimLeft(written, "/")
	for _, at := range []string{name, raw} {
		if rel, inside := t.rel(at); inside && t.keep(rel) {
			upper[at] = fileEntry{err: fmt.Errorf("its name in the layer is %q, which leads out of a directory", written)}
			return
		}
	}
}

// rel is the path below the directory.
func (t *Tree) rel(name string) (string, bool) {
	return strings.CutPrefix(name, strings.TrimSuffix(t.dir, "/")+"/")
}

// remove takes away files and directories, and what is in some directories.
func (t *Tree) remove(removed, emptied []string) {
	gone := map[string]bool{}
	for _, name := range removed {
		gone[name] = true
	}
	for _, dir := range emptied {
		gone[strings.TrimSuffix(dir, "/")+"/"] = true
	}
	for name, entry := range t.entries {
		for at := name; at != "/"; at = path.Dir(at) {
			if gone[at] || gone[strings.TrimSuffix(path.Dir(at), "/")+"/"] {
				t.size -= int64(len(entry.data))
				delete(t.entries, name)
				break
			}
		}
	}
}

// Resolve follows the links, and returns the files and why others are none.
func (t *Tree) Resolve() (files map[string][]byte, refused map[string]error) {
	files, refused = map[string][]byte{}, map[string]error{}
	for name := range t.entries {
		rel, _ := t.rel(name)
		data, err := t.follow(name)
		if err != nil {
			refused[rel] = err
			continue
		}
		files[rel] = data
	}
	return files, refused
}

func (t *Tree) follow(name string) ([]byte, error) {
	for range maxLinks {
		entry, ok := t.entries[name]
		switch {
		case !ok:
			return nil, fmt.Errorf("it is a link to %s, which is no such file", name)
		case entry.err != nil:
			return nil, entry.err
		case entry.link == "":
			return entry.data, nil
		}
		if _, inside := t.rel(entry.link); !inside {
			return nil, fmt.Errorf("it is a link out of %s, to %s", t.dir, entry.link)
		}
		name = entry.link
	}
	return nil, fmt.Errorf("it is a link that leads to itself, or to more than %d others", maxLinks)
}

// limitedReader counts what all layers have together.
type limitedReader struct {
	inner io.Reader
	read  *int64
}

// Read implements io.Reader.
func (r *limitedReader) Read(p []byte) (int, error) {
	n, err := r.inner.Read(p)
	*r.read += int64(n)
	if *r.read > maxContent {
		return 0, tooMuch("more than %d GiB in its layers", maxContent>>30)
	}
	return n, err
}

func tooMuch(format string, args ...any) error {
	return &faults.RefusalError{Class: images.ClassPolicy, Msg: fmt.Sprintf(format, args...), Remedy: "check that it is the image that you mean"}
}

// unreadable is the error of a layer that is no archive. A connection that broke off
// stays one.
func unreadable(err error) error {
	if faults.IsTransient(err) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	var broken *faults.BrokenError
	var digest *faults.DigestError
	var refused *faults.RefusalError
	if errors.As(err, &broken) || errors.As(err, &digest) || errors.As(err, &refused) {
		return err
	}
	return &faults.RefusalError{Class: images.ClassPolicy, Msg: "a layer cannot be unpacked: " + err.Error(), Remedy: "check that it is a container image"}
}
