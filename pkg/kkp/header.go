package kkp

import (
	"cmp"
	"fmt"
)

// header is the part of an object that every view has.
type header struct {
	Kind     string   `json:"kind"` // "" of a built-in resource in a list
	Metadata metadata `json:"metadata"`
}

// metadata is the part of the metadata of an object that is read.
type metadata struct {
	Namespace       string            `json:"namespace"`
	Name            string            `json:"name"`
	Labels          map[string]string `json:"labels"`
	Annotations     map[string]string `json:"annotations"`
	OwnerReferences []ownerView       `json:"ownerReferences"`
}

type ownerView struct {
	Name string `json:"name"`
}

// id returns namespace/name, or the name of an object without a namespace.
func (h header) id() string {
	if h.Metadata.Namespace == "" {
		return h.Metadata.Name
	}
	return h.Metadata.Namespace + "/" + h.Metadata.Name
}

// failed returns the error of an object that could not be decoded. kind is for objects without one.
func (h header) failed(kind string, err error) error {
	return fmt.Errorf("%s %s: %w", cmp.Or(h.Kind, kind), h.id(), err)
}
