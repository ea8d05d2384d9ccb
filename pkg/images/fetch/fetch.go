// Package fetch reads out of registries what only discovery wants: packed Helm charts, and
// files of images. It must not know what they are read for, nor how images are copied.
package fetch

import "github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry"

// Reader reads out of registries.
type Reader struct {
	client *registry.Client
}

// NewReader returns what reads with a client.
func NewReader(client *registry.Client) Reader { return Reader{client} }
