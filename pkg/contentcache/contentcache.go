// Package contentcache keeps small content of images, such as manifests, in a directory between
// runs. Content is kept by digest and verified when it is read, so that a changed file does no
// harm. The package must not know what the content is.
package contentcache

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/atomicfile"
)

// Bounds of a cache.
const (
	maxBytes = 64 << 20 // of all files on the disk: the content that was used last stays
	maxItem  = 4 << 20  // of one file
	block    = 4 << 10  // of which a file takes a whole number, as on most file systems
)

// fresh is the age up to which a file need not be marked as used again.
const fresh = time.Hour

// Cache keeps content in a directory. It is safe for concurrent use, also by several processes. A
// nil Cache keeps nothing.
type Cache struct {
	dir string

	mu    sync.Mutex
	bytes int64 // of all files on the disk; negative: not counted yet
}

// New returns the cache in a directory, which is created when the first content is kept.
func New(dir string) *Cache { return &Cache{dir: dir, bytes: -1} }

// Get returns the content with a digest, or nil.
func (c *Cache) Get(digest string) []byte {
	path := c.path(digest)
	if path == "" {
		return nil
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxItem {
		return nil
	}
	data, err := os.ReadFile(path)
	if err != nil || digestOf(data) != digest {
		return nil
	}
	if now := time.Now(); now.Sub(info.ModTime()) > fresh {
		_ = os.Chtimes(path, now, now) // otherwise the file is deleted earlier than others
	}
	return data
}

// Put keeps content. Content with another digest or too large is not kept, and neither is content
// that cannot be written: it is read again in the next run.
func (c *Cache) Put(digest string, data []byte) {
	path := c.path(digest)
	if path == "" || len(data) > maxItem || digestOf(data) != digest {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bytes < 0 {
		if err := os.MkdirAll(c.dir, 0o755); err != nil {
			return
		}
		c.bytes = size(c.files())
	}
	needed := onDisk(int64(len(data)))
	if c.bytes+needed > maxBytes {
		c.bytes = c.shrink(maxBytes*3/4 - needed)
	}
	if err := atomicfile.Write(path, data, 0o600); err == nil {
		c.bytes += needed
	}
}

// path returns the file of a digest, or "" if the digest is not one that is kept.
func (c *Cache) path(digest string) string {
	hash, ok := strings.CutPrefix(digest, "sha256:")
	if c == nil || !ok || len(hash) != hex.EncodedLen(sha256.Size) || strings.Trim(hash, "0123456789abcdef") != "" {
		return ""
	}
	return filepath.Join(c.dir, hash)
}

// files are the files of the cache.
func (c *Cache) files() []fs.FileInfo {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return nil
	}
	var files []fs.FileInfo
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			files = append(files, info)
		}
	}
	return files
}

// shrink deletes the files that were not used for the longest time, until a number of bytes is
// left, and returns the bytes that are left.
func (c *Cache) shrink(limit int64) int64 {
	files := c.files()
	slices.SortFunc(files, func(a, b fs.FileInfo) int {
		return cmp.Or(a.ModTime().Compare(b.ModTime()), strings.Compare(a.Name(), b.Name()))
	})
	left := size(files)
	for _, file := range files {
		if left <= limit {
			break
		}
		if err := os.Remove(filepath.Join(c.dir, file.Name())); err == nil {
			left -= onDisk(file.Size())
		}
	}
	return left
}

func size(files []fs.FileInfo) int64 {
	var sum int64
	for _, file := range files {
		sum += onDisk(file.Size())
	}
	return sum
}

// onDisk returns the bytes that a file of a size takes. Most manifests are smaller than a block.
func onDisk(size int64) int64 { return (size + block - 1) / block * block }

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}
