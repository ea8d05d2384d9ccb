package repository

import (
	"errors"
	"fmt"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
)

// nondistributable replaces the error of a refused manifest if the registry lacks one of
// its non-distributable layers. Distribution answers such manifests with a server error,
// unless its configuration allows the URLs of the layers; a retry does not help.
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
			Msg:    fmt.Sprintf("the registry refuses images with non-distributable layers: it lacks %s", layer.Digest),
			Advice: "ask the registry's administrator to allow the URLs of these layers (in distribution: validation.manifests.urls.allow), or copy only platforms without such layers (--platform)",
		}
	}
	return err
}

// lacks reports whether the answer of a registry names a blob as unknown.
func lacks(e *transport.Error, digest string) bool {
	for _, d := range e.Errors {
		if d.Code == transport.ManifestBlobUnknownErrorCode && d.Detail == digest {
			return true
		}
	}
	return false
}
