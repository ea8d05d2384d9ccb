// Package repository speaks the protocol of a registry (OCI distribution-spec) with one
// repository: manifests, blobs, uploads, mounts, referrers. A request is sent once; only a
// download goes on where it broke off. It must not know images, nor who logs in.
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

// Session is an authenticated way to one repository. One that pushes may pull, too.
type Session struct {
	repo name.Repository
	http *http.Client
	push bool

	anonymous bool // it has no credentials
}

// New returns a session that sends its requests through a transport, which logs in. push
// says that the repository is written to.
func New(repo name.Repository, through http.RoundTripper, push bool) *Session {
	return &Session{repo: repo, http: safehttp.NewClient(through), push: push}
}

// Anonymous says that the transport has no credentials, and returns the session. Manifests
// that are refused then fail with a *status.PrivateError.
func (s *Session) Anonymous() *Session {
	s.anonymous = true
	return s
}

// check returns a *status.Error unless an answer has one of some statuses.
func (s *Session) check(resp *http.Response, wanted ...int) error {
	return status.Check(resp, s.push, wanted...)
}

// url is the address of something in the repository.
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
