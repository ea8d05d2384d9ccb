package repository

import (
	"errors"
	"fmt"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
)

// nondistributable explains why a manifest was not taken if the registry misses a layer that may
// not be distributed. Distribution, unless it is told to allow the addresses of such layers,
// answers then as if it had failed itself; but another try does not help.
func nondistributable(m oci.Manifest, err error) error {
	var status *transport.Error
	if !errors.As(err, &status) {
		return err
	}
	refs, invalid := m.References()
	if invalid != nil {
		return err
	}
	for _, layer := range refs.Layers {
		if layer.MediaType.IsDistributable() || !lacks(status, layer.Digest.String()) {
			continue
		}
		return &failure.RejectedError{
			As:     images.ClassPolicy,
			Msg:    fmt.Sprintf("the registry does not take images with layers that may not be distributed: it misses %s", layer.Digest),
			Advice: "let the registry's administrator allow the addresses of such layers (in distribution: validation.manifests.urls.allow), or leave the platforms that have them with --platform",
		}
	}
	return err
}

// lacks tells whether a registry says that it does not have a blob of a manifest.
func lacks(e *transport.Error, digest string) bool {
	for _, d := range e.Errors {
		if d.Code == transport.ManifestBlobUnknownErrorCode && d.Detail == digest {
			return true
		}
	}
	return false
}
