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

// Content is the content of a blob.
type Content struct {
	Size int64
	// Open reads the content from an offset; nil if the content was not kept.
	Open func(offset int64) io.Reader
}

// Bytes returns content in memory.
func Bytes(data []byte) Content {
	return Content{Size: int64(len(data)), Open: func(offset int64) io.Reader { return bytes.NewReader(data[offset:]) }}
}

// Generated returns pseudo-random content of any size, computed while it is read. The same
// seed gives the same content.
func Generated(seed uint64, size int64) Content {
	return Content{Size: size, Open: func(offset int64) io.Reader {
		return io.LimitReader(&generator{seed: seed, at: offset}, size-offset)
	}}
}

// generator repeats a block of noise, each time with a different start.
type generator struct {
	seed uint64
	at   int64
	now  int64 // number of the block in buf, plus one
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

// Describe reads content and returns its digest.
func Describe(c Content) (v1.Hash, error) {
	digest, _, err := v1.SHA256(c.Open(0))
	return digest, err
}

// AddBlob adds a blob to a repository.
func (r *Registry) AddBlob(name string, digest v1.Hash, c Content) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.content[digest] = c
	r.repo(name).blobs[digest] = true
}

// RemoveBlob removes a blob from a repository.
func (r *Registry) RemoveBlob(name string, digest v1.Hash) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.repo(name).blobs, digest)
}

// AddManifest adds a manifest to a repository, under a tag unless that is empty, and
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

// Tag returns the digest of a tag, and whether the tag exists.
func (r *Registry) Tag(name, tag string) (v1.Hash, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	digest, ok := r.repo(name).tags[tag]
	return digest, ok
}

// Untag removes a tag and keeps the manifest.
func (r *Registry) Untag(name, tag string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.repo(name).tags, tag)
}

// RemoveManifest removes a manifest from a repository.
func (r *Registry) RemoveManifest(name string, digest v1.Hash) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.repo(name).remove(digest)
}

// Children returns the digests of the manifests in an index.
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

// Manifest reports whether a repository has a manifest.
func (r *Registry) Manifest(name string, digest v1.Hash) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.repo(name).manifests[digest]
	return ok
}

// Has reports whether a repository has a blob.
func (r *Registry) Has(name string, digest v1.Hash) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.repo(name).blobs[digest]
}

// Stored reports whether any repository has ever received a blob.
func (r *Registry) Stored(digest v1.Hash) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.content[digest]
	return ok
}

// Size returns the size of a blob, 0 if no repository has it.
func (r *Registry) Size(digest v1.Hash) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.content[digest].Size
}

// Digests returns the digests of the blobs of all repositories.
func (r *Registry) Digests() []v1.Hash {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Keys(r.content))
}

// Blobs returns the number of blobs of all repositories.
func (r *Registry) Blobs() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.content)
}
