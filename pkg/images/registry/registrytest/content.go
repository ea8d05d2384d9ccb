package registrytest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Content is what a blob consists of.
type Content struct {
	Size int64
	// Open reads it from an offset on, nil if it was not kept.
	Open func(offset int64) io.Reader
}

// Bytes is content that is kept in memory.
func Bytes(data []byte) Content {
	return Content{Size: int64(len(data)), Open: func(offset int64) io.Reader { return bytes.NewReader(data[offset:]) }}
}

// Generated is content that is computed when it is read: pseudo-random, of any size, the
// same for the same seed.
func Generated(seed uint64, size int64) Content {
	return Content{Size: size, Open: func(offset int64) io.Reader {
		return io.LimitReader(&generator{seed: seed, at: offset}, size-offset)
	}}
}

// generator repeats a block of noise, each time with another beginning.
type generator struct {
	seed uint64
	at   int64
	now  int64 // the block that buf holds, plus one
	buf  [64 << 10]byte
}

// Read implements io.Reader.
func (g *generator) Read(p []byte) (int, error) {
	index, within := g.at/int64(len(g.buf)), g.at%int64(len(g.buf))
	if g.now != index+1 {
		g.fill(uint64(index))
		g.now = index + 1
	}
	n := copy(p, g.buf[within:])
	g.at += int64(n)
	return n, nil
}

func (g *generator) fill(index uint64) {
	x := g.seed*0x9e3779b97f4a7c15 + index*0xbf58476d1ce4e5b9 + 1
	for i := 0; i < len(g.buf); i += 8 {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		for k := range 8 {
			g.buf[i+k] = byte(x >> (8 * k))
		}
	}
}

// Describe returns the digest of content, reading all of it.
func Describe(c Content) (v1.Hash, error) {
	digest, _, err := v1.SHA256(c.Open(0))
	return digest, err
}

// AddBlob puts a blob into a repository.
func (r *Registry) AddBlob(name string, digest v1.Hash, c Content) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.content[digest] = c
	r.repo(name).blobs[digest] = true
}

// RemoveBlob takes a blob out of a repository.
func (r *Registry) RemoveBlob(name string, digest v1.Hash) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.repo(name).blobs, digest)
}

// AddManifest puts a manifest into a repository, under a tag if that is not empty, and
// returns its digest.
func (r *Registry) AddManifest(name, tag string, m Manifest) v1.Hash {
	sum := sha256.Sum256(m.Raw)
	digest := v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])}
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.repo(name)
	p.manifests[digest] = m
	if tag != "" {
		p.tags[tag] = digest
	}
	return digest
}

// Tag returns what a tag is, and whether it exists.
func (r *Registry) Tag(name, tag string) (v1.Hash, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	digest, ok := r.repo(name).tags[tag]
	return digest, ok
}

// Untag removes a tag, and leaves the manifest.
func (r *Registry) Untag(name, tag string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.repo(name).tags, tag)
}

// RemoveManifest takes a manifest out of a repository.
func (r *Registry) RemoveManifest(name string, digest v1.Hash) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.repo(name).remove(digest)
}

// Children are the manifests that an index lists.
func (r *Registry) Children(name string, index v1.Hash) []v1.Hash {
	r.mu.Lock()
	defer r.mu.Unlock()
	var refs references
	if json.Unmarshal(r.repo(name).manifests[index].Raw, &refs) != nil {
		return nil
	}
	var children []v1.Hash
	for _, d := range refs.Manifests {
		children = append(children, d.Digest)
	}
	return children
}

// Manifest tells whether a repository has a manifest.
func (r *Registry) Manifest(name string, digest v1.Hash) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.repo(name).manifests[digest]
	return ok
}

// Has tells whether a repository has a blob.
func (r *Registry) Has(name string, digest v1.Hash) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.repo(name).blobs[digest]
}

// Stored tells whether any repository was ever given a blob.
func (r *Registry) Stored(digest v1.Hash) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.content[digest]
	return ok
}

// Digests are those of the blobs of all repositories.
func (r *Registry) Digests() []v1.Hash {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Keys(r.content))
}

// Blobs counts the blobs of all repositories.
func (r *Registry) Blobs() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.content)
}
