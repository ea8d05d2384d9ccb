package repository

import (
	"context"
	"net/http"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Delete deletes a blob from the repository, if the blob exists. Some registries do not
// allow this.
func (s *Session) Delete(ctx context.Context, desc v1.Descriptor) error {
	there, err := s.Exists(ctx, desc)
	if err != nil || !there {
		return err
	}
	resp, err := s.do(ctx, http.MethodDelete, "blobs", desc.Digest.String())
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return s.check(resp, http.StatusAccepted, http.StatusOK, http.StatusNoContent, http.StatusNotFound)
}
