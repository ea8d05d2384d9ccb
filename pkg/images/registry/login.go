package registry

import (
	"context"
	"fmt"
	"net/http"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/repository"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/rewrite"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/status"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/redact"
)

// session returns the session for the endpoint's repository and operation; a push session
// may also pull. A session that failed to open is opened again by the next caller.
func (e Endpoint) session(ctx context.Context) (*repository.Session, error) {
	key := e.Location().Queue + "/" + e.Repo.RepositoryStr()
	return e.r.sessions.Do(ctx, key, func() (*repository.Session, error) { return e.open(ctx) })
}

// open logs in and opens a session.
func (e Endpoint) open(ctx context.Context) (*repository.Session, error) {
	auth, err := authn.Resolve(ctx, e.r.keychain(), e.Repo)
	if err != nil {
		return nil, &failure.RejectedError{As: images.ClassAuth, Msg: fmt.Sprintf("credentials for %s: %s", e.Repo.RegistryStr(), redact.Text(err.Error()))}
	}
	access := transport.PullScope
	if e.Push {
		access = transport.PushScope
	}
	rt, err := transport.NewWithContext(ctx, e.Repo.Registry, auth, e.r.transport, []string{e.Repo.Scope(access)})
	anonymous := auth == authn.Anonymous && !e.Push
	switch {
	case err != nil && anonymous:
		return nil, status.WithoutCredentials(e.explain(err))
	case err != nil:
		return nil, e.explain(err)
	case anonymous:
		return repository.New(e.Repo, explaining{rt, e}, e.Push).Anonymous(), nil
	default:
		return repository.New(e.Repo, explaining{rt, e}, e.Push), nil
	}
}

// With calls send with the session of the endpoint.
func (e Endpoint) With(ctx context.Context, send func(context.Context, *repository.Session) error) error {
	ctx = forRegistry(ctx, e.Repo.RegistryStr())
	s, err := e.session(ctx)
	if err != nil {
		return &status.SessionError{Host: rewrite.HostName(e.Repo.RegistryStr()), Err: err}
	}
	return send(ctx, s)
}

// explain converts an error of go-containerregistry's login into a *status.Error.
func (e Endpoint) explain(err error) error { return status.Of(err, e.Push, e.r.http.RetryAfter(err)) }

// explaining is a transport that converts login errors with explain.
type explaining struct {
	http.RoundTripper
	endpoint Endpoint
}

// RoundTrip implements http.RoundTripper.
func (t explaining) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.RoundTripper.RoundTrip(req)
	return resp, t.endpoint.explain(err)
}
