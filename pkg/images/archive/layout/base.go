package layout

import (
	"encoding/json"
	"maps"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Annotations of the index of a delta archive, which lacks the content of an earlier
// archive.
const (
	sinceAnnotation = "dev.kkp-mirror.since" // name of the earlier archive
	baseAnnotation  = "dev.kkp-mirror.base"  // blobs of the earlier archive, each with an image that has the blob
)

// Base is the content that a delta archive lacks.
type Base struct {
	Name  string            // of the earlier archive
	Blobs map[string]string // by digest: the full reference of an image that has the blob
}

// Base returns the content that the archive lacks, or nil if the archive is complete.
func (a *Archive) Base() *Base {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.base == nil {
		return nil
	}
	return &Base{Name: a.base.Name, Blobs: maps.Clone(a.base.Blobs)}
}

// Omit records that the archive lacks a blob that an image in its base has.
func (a *Archive) Omit(base string, digest v1.Hash, image string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.base == nil {
		a.base = &Base{Blobs: map[string]string{}}
	}
	a.base.Name = base
	a.base.Blobs[digest.String()] = image
}

// readBase removes the base from the index and stores it.
func (a *Archive) readBase() error {
	name, ok := a.index.Annotations[sinceAnnotation]
	if !ok {
		return nil
	}
	a.base = &Base{Name: name, Blobs: map[string]string{}}
	return json.Unmarshal([]byte(a.index.Annotations[baseAnnotation]), &a.base.Blobs)
}

// annotate adds the base to the index.
func (a *Archive) annotate() error {
	if a.base == nil {
		return nil
	}
	data, err := json.Marshal(a.base.Blobs)
	if err != nil {
		return err
	}
	a.index.Annotations = map[string]string{sinceAnnotation: a.base.Name, baseAnnotation: string(data)}
	return nil
}
