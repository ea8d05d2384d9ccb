// Package fetch reads content from registries for discovery: packed Helm charts, and files
// inside images. It must not know what the content is for, nor how images are copied.
package fetch

import "github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry"

// Reader reads content from registries.
type Reader struct {
	client *registry.Client
}

// NewReader returns a reader with a registry client.
func NewReader(client *registry.Client) Reader { return Reader{client} }
