// Package repository implements the protocol of a registry (OCI distribution-spec) for one
// repository: manifests, blobs, uploads, mounts and referrers. It does not retry requests;
// only a download resumes after a broken connection. It must not know images, nor how to
// log in.
package repository

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/status"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/safehttp"
)

// Session is an authenticated session with one repository. A push session may also pull.
type Session struct {
	repo name.Repository
	http *http.Client
	push bool

	anonymous bool // the transport has no credentials
}

// New returns a session. The transport through logs in. push is true for a repository that
// is written to.
func New(repo name.Repository, through http.RoundTripper, push bool) *Session {
	return &Session{repo: repo, http: safehttp.NewClient(through), push: push}
}

// Anonymous marks the session as one without credentials, and returns the session. A
// refused manifest request then fails with a *status.PrivateError.
func (s *Session) Anonymous() *Session {
	s.anonymous = true
	return s
}

// check returns a *status.Error unless the status of the answer is one of wanted.
func (s *Session) check(resp *http.Response, wanted ...int) error {
	return status.Check(resp, s.push, wanted...)
}

// url returns the address of a manifest, blob, upload or list of referrers in the
// repository.
func (s *Session) url(kind, id string) string {
	return fmt.Sprintf("%s://%s/v2/%s/%s/%s", s.repo.Scheme(), s.repo.RegistryStr(), s.repo.RepositoryStr(), kind, id)
}

// do sends a request without a body.
func (s *Session) do(ctx context.Context, method, kind, id string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.url(kind, id), nil)
	if err != nil {
		return nil, err
	}
	if kind == "manifests" {
		req.Header.Set("Accept", strings.Join([]string{
			string(types.OCIImageIndex), string(types.DockerManifestList), string(types.OCIManifestSchema1), string(types.DockerManifestSchema2),
		}, ","))
	}
	return s.http.Do(req)
}
