package contentcache_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/contentcache"
)

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func TestContentIsKeptBetweenRuns(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there")
	data := []byte(`{"schemaVersion": 2}`)
	if got := contentcache.New(dir).Get(digestOf(data)); got != nil {
		t.Errorf("%q is in an empty cache", got)
	}
	contentcache.New(dir).Put(digestOf(data), data)
	if got := contentcache.New(dir).Get(digestOf(data)); !bytes.Equal(got, data) {
		t.Errorf("got %q", got)
	}
	var none *contentcache.Cache
	none.Put(digestOf(data), data)
	if none.Get(digestOf(data)) != nil {
		t.Error("a cache that does not exist has content")
	}
}

// Only content with the digest is stored and returned, below the directory.
func TestOtherContentIsIgnored(t *testing.T) {
	dir := t.TempDir()
	c := contentcache.New(dir)
	data := []byte("content")
	for _, digest := range []string{"", "sha256:", "sha256:../../../x", "sha512:" + strings.Repeat("0", 128), "sha256:" + strings.Repeat("Z", 64), digestOf([]byte("other"))} {
		c.Put(digest, data)
		if got := c.Get(digest); got != nil {
			t.Errorf("%s: %q", digest, got)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("%v, %v: want no files", entries, err)
	}
	c.Put(digestOf(data), data)
	file := filepath.Join(dir, strings.TrimPrefix(digestOf(data), "sha256:"))
	if err := os.WriteFile(file, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := c.Get(digestOf(data)); got != nil {
		t.Errorf("a damaged file is read: %q", got)
	}
}

// A cache is bounded: what was not used for the longest time is deleted.
func TestCacheIsBounded(t *testing.T) {
	dir := t.TempDir()
	const each, number = 4 << 20, 20
	var digests []string
	for i := range number {
		data := bytes.Repeat([]byte{byte(i)}, each)
		digests = append(digests, digestOf(data))
		contentcache.New(dir).Put(digests[i], data)
		old := time.Now().Add(time.Duration(i-number) * 24 * time.Hour)
		if err := os.Chtimes(filepath.Join(dir, strings.TrimPrefix(digests[i], "sha256:")), old, old); err != nil {
			t.Fatal(err)
		}
		contentcache.New(dir).Get(digests[0]) // the first stays in use
	}
	var sum int64
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		sum += info.Size()
	}
	if sum > 64<<20 {
		t.Errorf("the cache has %d bytes", sum)
	}
	c := contentcache.New(dir)
	if c.Get(digests[0]) == nil || c.Get(digests[number-1]) == nil || c.Get(digests[1]) != nil {
		t.Error("the wrong content was deleted")
	}
	large := bytes.Repeat([]byte{1}, each+1)
	c.Put(digestOf(large), large)
	if c.Get(digestOf(large)) != nil {
		t.Error("content beyond the bound is kept")
	}
}

// TestSmallFilesCountAsBlocks fills the disk with small files. Each of them takes a block of 4 KiB.
func TestSmallFilesCountAsBlocks(t *testing.T) {
	const number = 64<<20/4096 + 1
	dir := t.TempDir()
	for i := range number {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%064d", i)), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	data := []byte("manifest")
	contentcache.New(dir).Put(digestOf(data), data)
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > number*3/4 || len(left) < number/2 {
		t.Errorf("%d of %d files are left, %v", len(left), number, err)
	}
}
