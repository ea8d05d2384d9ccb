package addon

import (
	"crypto/sha256"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/manifest"
)

// maxRemembered bounds the size of the documents in the cache. The references of a document are
// smaller than the document.
const maxRemembered = 16 << 20

// documentReferences is the image references of a document.
type documentReferences struct {
	hits []manifest.Hit
	err  error
}

// documents is a cache of the image references of documents, by digest of the text. Renderings for
// different clusters have most documents in common. A full cache is emptied.
type documents struct {
	known map[[sha256.Size]byte]documentReferences
	size  int // of the texts
}

// read returns the image references of a document.
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
