package layers

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/tarfile"
)

// layer is a layer while it is read. Its deletions apply only to lower layers, wherever
// they stand in the layer.
type layer struct {
	tree    *Tree
	added   *folder
	removed []string // absolute names
	emptied []string // absolute names of directories
	size    int64    // in memory
}

// read reads a layer to its end.
func (l *layer) read(from io.Reader) error {
	content := tar.NewReader(from)
	for {
		header, err := content.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return unreadable(err)
		}
		if l.tree.seen++; l.tree.seen > maxEntries {
			return tooMuch("more than %d entries in its layers", maxEntries)
		}
		if err := l.entry(header, content); err != nil {
			return err
		}
	}
}

// effect is the effect of an entry on lower layers.
type effect int

const (
	nothing  effect = iota // none: a directory keeps its content
	replaces               // replaces a file
	removes                // removes a name
	empties                // removes the content of a directory
)

// effectOf returns the effect of an entry, and its absolute name (OCI image-spec, layer.md,
// Whiteouts).
func effectOf(header *tar.Header) (effect, string) {
	name := path.Clean("/" + header.Name)
	dir, base := path.Split(name)
	hidden, isWhiteout := strings.CutPrefix(base, ".wh.")
	switch {
	case hidden == ".wh..opq" && isWhiteout:
		return empties, path.Clean(dir)
	case isWhiteout:
		return removes, path.Join(dir, hidden)
	case header.Typeflag == tar.TypeDir:
		return nothing, name
	default:
		return replaces, name
	}
}

// entry reads an entry, if it affects the directory of the tree.
func (l *layer) entry(header *tar.Header, content io.Reader) error {
	does, name := effectOf(header)
	written := "/" + strings.TrimLeft(header.Name, "/")
	if !l.tree.concerns(name) && !l.tree.concerns(written) {
		return nil
	}
	if err := tarfile.Check(header); err != nil {
		return unreadable(err)
	}
	if strings.Count(written, "/") > maxDepth {
		return tooMuch("names of more than %d directories in its layers", maxDepth)
	}
	switch does {
	case nothing:
		return nil
	case empties:
		l.emptied = append(l.emptied, name)
	case removes, replaces:
		l.removed = append(l.removed, name)
	}
	if err := l.grow(int64(folderCost + len(name))); err != nil || does != replaces {
		return err
	}
	if strings.Contains(written+"/", "/../") {
		return l.climbing(name, written, header.Name)
	}
	return l.file(name, header, content)
}

// file reads a file or link, if it is wanted.
func (l *layer) file(name string, header *tar.Header, content io.Reader) error {
	if rel, inside := l.tree.rel(name); !inside || !l.tree.keep(rel) {
		return nil
	}
	switch header.Typeflag {
	case tar.TypeReg:
		if header.Size > maxFile {
			return l.add(name, file{err: fmt.Errorf("the file has %d MiB, more than the limit of %d MiB", header.Size>>20, maxFile>>20)})
		}
		if err := l.room(header.Size); err != nil {
			return err
		}
		data := make([]byte, header.Size)
		if _, err := io.ReadFull(content, data); err != nil {
			return unreadable(err)
		}
		return l.add(name, file{data: data})
	case tar.TypeSymlink:
		target := header.Linkname
		if !path.IsAbs(target) {
			target = path.Join(path.Dir(name), target)
		}
		return l.add(name, file{link: path.Clean(target)})
	case tar.TypeLink:
		return l.add(name, file{link: path.Clean("/" + header.Linkname)})
	}
	return nil
}

// climbing refuses an entry whose name contains "..". Build tools do not create such names.
func (l *layer) climbing(name, raw, written string) error {
	for _, at := range []string{name, raw} {
		if rel, inside := l.tree.rel(at); inside && l.tree.keep(rel) {
			return l.add(at, file{err: fmt.Errorf("the name in the layer, %q, leads out of a directory", written)})
		}
	}
	return nil
}

// add adds a file to the layer.
func (l *layer) add(name string, added file) error { return l.grow(l.added.put(name, added)) }

// grow counts the memory in use.
func (l *layer) grow(bytes int64) error {
	l.size += bytes
	return l.room(0)
}

// room returns an error if more bytes would exceed the limit.
func (l *layer) room(bytes int64) error {
	if l.tree.size+l.size+bytes > maxFiles {
		return tooMuch("more than %d MiB in %s", maxFiles>>20, l.tree.dir)
	}
	return nil
}

// apply applies the layer to the tree.
func (l *layer) apply() {
	for _, name := range l.removed {
		l.tree.size -= l.tree.root.remove(name)
	}
	for _, name := range l.emptied {
		l.tree.size -= l.tree.root.empty(name)
	}
	l.added.each("", func(name string, added file) { l.tree.size += l.tree.root.put(name, added) })
}
