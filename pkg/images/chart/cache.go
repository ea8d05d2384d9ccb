package chart

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/atomicfile"
)

// cache stores packed charts on disk: blobs/DIGEST.tgz is a chart, refs/KEY has the digest of
// the chart that was pulled for a key. A version of a chart does not change, so a stored chart is
// not pulled again. With an empty directory nothing is stored.
type cache struct {
	dir string
}

// get returns the chart for a key, or nil. A file with another digest than its name is ignored.
func (c cache) get(key string) []byte {
	if c.dir == "" {
		return nil
	}
	digest, err := os.ReadFile(c.ref(key))
	if err != nil {
		return nil
	}
	name := strings.TrimSpace(string(digest))
	if len(name) != hex.EncodedLen(sha256.Size) || strings.Trim(name, "0123456789abcdef") != "" {
		return nil
	}
	data, err := os.ReadFile(c.blob(name))
	if err != nil || digestOf(data) != name {
		return nil
	}
	return data
}

// put stores a chart. Both files are written atomically.
func (c cache) put(key string, data []byte) error {
	if c.dir == "" {
		return nil
	}
	digest := digestOf(data)
	return errors.Join(write(c.blob(digest), data), write(c.ref(key), []byte(digest+"\n")))
}

func (c cache) ref(key string) string {
	return filepath.Join(c.dir, "refs", digestOf([]byte(key)))
}

func (c cache) blob(digest string) string {
	return filepath.Join(c.dir, "blobs", digest+".tgz")
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// write creates the directory of a file and writes the file atomically.
func write(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(path, data, 0o600)
}
