package layout

import (
	"encoding/json"
	"maps"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// The annotations of the index of an archive that holds only what is new.
const (
	sinceAnnotation = "dev.kkp-mirror.since" // what it is new to
	baseAnnotation  = "dev.kkp-mirror.base"  // the blobs that are there, each with an image that has it
)

// Base is what an archive does not hold, because it was given out before.
type Base struct {
	Name  string            // of the archive that holds it
	Blobs map[string]string // by digest: the full reference of an image that has the blob
}

// Base returns what the archive needs beside itself, nil if it is complete.
func (a *Archive) Base() *Base {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.base == nil {
		return nil
	}
	return &Base{Name: a.base.Name, Blobs: maps.Clone(a.base.Blobs)}
}

// Omit notes that the archive lacks a blob which an image in its base has.
func (a *Archive) Omit(base string, digest v1.Hash, image string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.base == nil {
		a.base = &Base{Blobs: map[string]string{}}
	}
	a.base.Name = base
	a.base.Blobs[digest.String()] = image
}

// readBase takes the base out of the index.
func (a *Archive) readBase() error {
	name, ok := a.index.Annotations[sinceAnnotation]
	if !ok {
		return nil
	}
	a.base = &Base{Name: name, Blobs: map[string]string{}}
	return json.Unmarshal([]byte(a.index.Annotations[baseAnnotation]), &a.base.Blobs)
}

// annotate puts the base into the index.
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
