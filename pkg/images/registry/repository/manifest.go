package repository

import (
	"bytes"
	"context"
	"io"
	"net/http"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/counted"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/status"
)

// Digest returns the digest of a tag or digest. It sends HEAD, and GET only if the answer
// to HEAD has no digest.
func (s *Session) Digest(ctx context.Context, id string) (string, error) {
	resp, err := s.do(ctx, http.MethodHead, "manifests", id)
	if err != nil {
		return "", err
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed {
		if err := s.checkManifest(resp); err != nil {
			return "", err
		}
		if h, err := v1.NewHash(resp.Header.Get("Docker-Content-Digest")); err == nil {
			return h.String(), nil
		}
	}
	m, err := s.Manifest(ctx, id)
	return m.Digest, err
}

// checkManifest returns the error for the answer to a manifest request, or nil.
func (s *Session) checkManifest(resp *http.Response) error {
	err := s.check(resp, http.StatusOK)
	if s.anonymous {
		return status.WithoutCredentials(err)
	}
	return err
}

// Manifest returns the manifest of a tag or digest. If id is a digest, the content is
// verified.
func (s *Session) Manifest(ctx context.Context, id string) (oci.Manifest, error) {
	resp, err := s.do(ctx, http.MethodGet, "manifests", id)
	if err != nil {
		return oci.Manifest{}, err
	}
	defer resp.Body.Close()
	if err := s.checkManifest(resp); err != nil {
		return oci.Manifest{}, err
	}
	raw, err := oci.Read(resp.Body)
	if err != nil {
		return oci.Manifest{}, err
	}
	return oci.New(raw, resp.Header.Get("Content-Type"), id)
}

// PutManifest writes a manifest under a tag or its digest, and checks the digest that the
// registry reports. listed is true if the registry lists the manifest as a referrer. sent
// is called with the bytes as they are sent.
func (s *Session) PutManifest(ctx context.Context, id string, m oci.Manifest, sent func(bytes int64)) (listed bool, err error) {
	body := func() io.ReadCloser {
		return &counted.Body{ReadCloser: io.NopCloser(bytes.NewReader(m.Raw)), Count: sent}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, s.url("manifests", id), body())
	if err != nil {
		return false, err
	}
	req.ContentLength = int64(len(m.Raw))
	req.GetBody = func() (io.ReadCloser, error) { return body(), nil } // for a redirect
	req.Header.Set("Content-Type", string(m.MediaType))
	resp, err := s.http.Do(req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	if err := s.check(resp, http.StatusCreated, http.StatusOK, http.StatusAccepted); err != nil {
		return false, nondistributable(m, err)
	}
	got := resp.Header.Get("Docker-Content-Digest")
	if _, err := v1.NewHash(got); err != nil {
		if got, err = s.Digest(ctx, id); err != nil {
			return false, err
		}
	}
	if got != m.Digest {
		return false, &failure.DigestError{Want: m.Digest, Got: got}
	}
	return resp.Header.Get("OCI-Subject") != "", nil
}
