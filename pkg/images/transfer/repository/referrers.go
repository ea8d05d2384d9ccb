package repository

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/faults"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/manifests"
)

// Referrers lists the manifests whose subject is a digest. Where the API is missing, they
// are in an index under a tag.
func (s *Session) Referrers(ctx context.Context, digest string) ([]v1.Descriptor, error) {
	resp, err := s.do(ctx, http.MethodGet, "referrers", digest)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	err = transport.CheckError(resp, http.StatusOK)
	if err == nil && !strings.HasPrefix(resp.Header.Get("Content-Type"), string(types.OCIImageIndex)) {
		err = &transport.Error{StatusCode: http.StatusNotFound} // it has taken the path for something else
	}
	if faults.IsRefusal(err) {
		m, err := s.Manifest(ctx, manifests.DigestTag(digest))
		if faults.IsRefusal(err) {
			return nil, nil
		}
		return m.Entries(), err
	}
	if err != nil {
		return nil, err
	}
	var index v1.IndexManifest
	if err := json.NewDecoder(http.MaxBytesReader(nil, resp.Body, manifests.Limit)).Decode(&index); err != nil {
		return nil, fmt.Errorf("the list of referrers: %w", err)
	}
	return index.Manifests, nil
}
