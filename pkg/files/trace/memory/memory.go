// Package memory has the files of a machine that does not exist: in memory, bounded, and
// nowhere else. It knows names and contents, and must not touch the files of this machine.
package memory

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

// Bounds of the files of one machine.
const (
	maxBytes = 16 << 20
	maxFiles = 4_000
	maxName  = 4_096
	maxLinks = 16 // that lead to each other
)

// FullError is returned when files take more than their bounds.
type FullError struct{}

func (*FullError) Error() string {
	return fmt.Sprintf("the written files have more than %d MiB, or are more than %d files", maxBytes>>20, maxFiles)
}

// Files are the files of a machine, by their clean absolute paths. They are safe for
// concurrent use.
type Files struct {
	mu      sync.Mutex
	content map[string][]byte
	links   map[string]string
	dirs    map[string]bool
	bytes   int
}

// New returns the files of a machine that has none.
func New() *Files {
	return &Files{content: map[string][]byte{}, links: map[string]string{}, dirs: map[string]bool{"/": true}}
}

// Path makes a name absolute.
func Path(dir, name string) string {
	if !strings.HasPrefix(name, "/") {
		name = dir + "/" + name
	}
	return path.Clean("/" + name)
}

// resolve follows links.
func (f *Files) resolve(name string) string {
	for range maxLinks {
		target, ok := f.links[name]
		if !ok {
			return name
		}
		name = Path(path.Dir(name), target)
	}
	return name
}

// Read returns the content of a file, and whether it is there.
func (f *Files) Read(name string) (string, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	content, ok := f.content[f.resolve(name)]
	return string(content), ok
}

// Write writes a file. The error is a *FullError.
func (f *Files) Write(name, content string) error { return f.write(name, []byte(content), false) }

func (f *Files) write(name string, content []byte, add bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	name = f.resolve(name)
	if name == "/dev/null" || name == "/dev/stdout" || name == "/dev/stderr" {
		return nil
	}
	old, there := f.content[name]
	size := f.bytes + len(content)
	if !add {
		size -= len(old)
	}
	if size > maxBytes || len(name) > maxName || !there && len(f.content) >= maxFiles {
		return &FullError{}
	}
	f.bytes = size
	if !add {
		old = nil
	}
	f.content[name] = append(old, content...)
	f.parents(name)
	return nil
}

func (f *Files) parents(name string) {
	for dir := path.Dir(name); !f.dirs[dir]; dir = path.Dir(dir) {
		f.dirs[dir] = true
	}
}

// Mkdir makes a directory and those above it.
func (f *Files) Mkdir(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(name) <= maxName && len(f.dirs) < maxFiles {
		f.parents(name + "/.")
	}
}

// Link makes a link.
func (f *Files) Link(name, target string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(target) <= maxName && len(name) <= maxName && len(f.links) < maxFiles {
		f.links[name] = target
		f.parents(name)
	}
}

// Remove removes a file or link.
func (f *Files) Remove(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.bytes -= len(f.content[name])
	delete(f.content, name)
	delete(f.links, name)
}

// IsDir tells whether a directory is there.
func (f *Files) IsDir(name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dirs[f.resolve(name)]
}

// Names returns the paths of the files, ordered.
func (f *Files) Names() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	names := make([]string, 0, len(f.content))
	for name := range f.content {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// List returns what is directly in a directory.
func (f *Files) List(dir string) []fs.DirEntry {
	var entries []fs.DirEntry
	for _, name := range f.Names() {
		if path.Dir(name) == dir {
			entries = append(entries, fs.FileInfoToDirEntry(Info{name: path.Base(name)}))
		}
	}
	return entries
}

// Stat describes a file or directory; the error is fs.ErrNotExist.
func (f *Files) Stat(name string) (Info, error) {
	content, ok := f.Read(name)
	switch {
	case ok:
		return Info{name: path.Base(name), size: int64(len(content))}, nil
	case f.IsDir(name):
		return Info{name: path.Base(name), dir: true}, nil
	case name == "/dev/null":
		return Info{name: "null", size: 0}, nil
	}
	return Info{}, fs.ErrNotExist
}

// Info describes a file.
type Info struct {
	name string
	size int64
	dir  bool
}

// Name implements fs.FileInfo, as the following do.
func (i Info) Name() string { return i.name }

// Size is in bytes.
func (i Info) Size() int64 { return i.size }

// Mode allows everything.
func (i Info) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o755
	}
	return 0o755
}

// ModTime is the same for all.
func (i Info) ModTime() time.Time { return time.Unix(0, 0).UTC() }

// IsDir tells whether it is a directory.
func (i Info) IsDir() bool { return i.dir }

// Sys is nothing.
func (i Info) Sys() any { return nil }

// Reader reads a text.
func Reader(content string) io.ReadWriteCloser { return &handle{read: strings.NewReader(content)} }

// Writer writes a file, at its end if add.
func (f *Files) Writer(name string, add bool) (io.ReadWriteCloser, error) {
	if !add {
		if err := f.Write(name, ""); err != nil {
			return nil, err
		}
	}
	return &handle{read: strings.NewReader(""), files: f, name: name}, nil
}

// handle is an open file.
type handle struct {
	read  *strings.Reader
	files *Files
	name  string
}

// Read implements io.Reader.
func (h *handle) Read(p []byte) (int, error) { return h.read.Read(p) }

// Write implements io.Writer.
func (h *handle) Write(p []byte) (int, error) {
	if h.files == nil {
		return 0, fs.ErrPermission
	}
	if err := h.files.write(h.name, p, true); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Close implements io.Closer.
func (h *handle) Close() error { return nil }
