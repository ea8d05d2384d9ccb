// Package layers reads files from the layers of an image (OCI image-spec, layer.md). Layers
// are not trusted: their cost is bounded. The package must not know where layers come from.
package layers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/compression"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// Limits for files in an image.
const (
	maxFile    = 4 << 20   // of a file
	maxFiles   = 128 << 20 // of all files, with their names, in memory
	maxEntries = 500_000   // of all layers
	maxContent = 4 << 30   // bytes of all layers, unpacked
	maxLinks   = 40        // links to follow for one file
	maxDepth   = 64        // directories in a name
)

// Tree is a part of an image's file system: the files below one directory.
type Tree struct {
	dir     string // such as "/addons"
	keep    func(path string) bool
	root    folder
	size    int64 // of the files and their names, in memory
	seen    int   // entries of layers
	content int64 // bytes of layers
}

// NewTree returns an empty tree for the files below a directory. keep selects files by
// their path below the directory.
func NewTree(dir string, keep func(string) bool) *Tree {
	return &Tree{dir: path.Clean("/" + dir), keep: keep}
}

// AddPacked applies a layer to the tree, in any compression format, until ctx is done. A
// layer that could not be read to its end does not change the tree.
func (t *Tree) AddPacked(ctx context.Context, packed io.Reader) error {
	content, err := compression.Decompress(packed)
	if err != nil {
		return err
	}
	defer content.Close()
	l := &layer{tree: t, added: &folder{}}
	err = l.read(&limitedReader{inner: content, read: &t.content, stopped: func() error { return context.Cause(ctx) }})
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return err
	}
	l.apply()
	return nil
}

// rel returns the path below the directory.
func (t *Tree) rel(name string) (string, bool) {
	return strings.CutPrefix(name, strings.TrimSuffix(t.dir, "/")+"/")
}

// concerns reports whether an absolute name is in the directory, or is one of its parents.
func (t *Tree) concerns(name string) bool {
	_, inside := t.rel(name)
	return inside || name == "/" || strings.HasPrefix(t.dir+"/", name+"/")
}

// Resolve follows links, and returns the files, and the errors of files that cannot be
// read.
func (t *Tree) Resolve() (files map[string][]byte, refused map[string]error) {
	known := map[string]file{} // by absolute name
	t.root.each("", func(name string, found file) { known[name] = found })
	files, refused = map[string][]byte{}, map[string]error{}
	for name := range known {
		rel, _ := t.rel(name)
		data, err := t.follow(known, name)
		if err != nil {
			refused[rel] = err
			continue
		}
		files[rel] = data
	}
	return files, refused
}

func (t *Tree) follow(known map[string]file, name string) ([]byte, error) {
	for range maxLinks {
		found, ok := known[name]
		switch {
		case !ok:
			return nil, fmt.Errorf("the target of the link, %s, is not a file that is read", name)
		case found.err != nil:
			return nil, found.err
		case found.link == "":
			return found.data, nil
		}
		if _, inside := t.rel(found.link); !inside {
			return nil, fmt.Errorf("the link leads out of %s, to %s", t.dir, found.link)
		}
		name = found.link
	}
	return nil, fmt.Errorf("the link leads to itself, or over more than %d other links", maxLinks)
}

// limitedReader counts the bytes of all layers, and stops when ctx is done.
type limitedReader struct {
	inner   io.Reader
	read    *int64
	stopped func() error
}

// Read implements io.Reader.
func (r *limitedReader) Read(p []byte) (int, error) {
	if err := r.stopped(); err != nil {
		return 0, err
	}
	n, err := r.inner.Read(p)
	*r.read += int64(n)
	if *r.read > maxContent {
		return 0, tooMuch("more than %d GiB in its layers", maxContent>>30)
	}
	return n, err
}

func tooMuch(format string, args ...any) error {
	return &failure.RejectedError{As: images.ClassPolicy, Msg: fmt.Sprintf(format, args...), Advice: "check that the reference is correct"}
}

// unreadable converts the error of a layer that cannot be unpacked. The error of a broken
// connection stays unchanged.
func unreadable(err error) error {
	if failure.IsTransient(err) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	var broken *failure.InterruptedError
	var digest *failure.DigestError
	var refused *failure.RejectedError
	if errors.As(err, &broken) || errors.As(err, &digest) || errors.As(err, &refused) {
		return err
	}
	return &failure.RejectedError{As: images.ClassPolicy, Msg: "a layer cannot be unpacked: " + err.Error(), Advice: "check that it is a container image"}
}
