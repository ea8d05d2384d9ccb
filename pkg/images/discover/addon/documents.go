package addon

import (
	"crypto/sha256"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/manifest"
)

// maxRemembered bounds the text of the documents whose references are remembered. What a
// document refers to is a part of it, and no larger.
const maxRemembered = 16 << 20

// documentReferences is what a document refers to.
type documentReferences struct {
	hits []manifest.Hit
	err  error
}

// documents remembers what documents refer to, by the digests of their texts: groups of
// clusters differ in few of them. It forgets all when it has seen much.
type documents struct {
	known map[[sha256.Size]byte]documentReferences
	size  int // of the texts
}

// read returns what a document refers to.
func (d *documents) read(text string) documentReferences {
	key := sha256.Sum256([]byte(text))
	if known, ok := d.known[key]; ok {
		return known
	}
	if d.size += len(text); d.known == nil || d.size > maxRemembered {
		d.known, d.size = map[[sha256.Size]byte]documentReferences{}, len(text)
	}
	var f documentReferences
	var objects []map[string]any
	objects, f.err = manifest.Decode([]byte(text))
	for _, object := range objects {
		f.hits = append(f.hits, manifest.Find(object)...)
	}
	d.known[key] = f
	return f
}
