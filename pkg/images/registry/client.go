package registry

import (
	"context"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/repository"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/rewrite"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/safehttp"
)

// Digest returns the digest from Find.
func (r *Client) Digest(ctx context.Context, ref images.Ref) (string, error) {
	digest, _, err := r.Find(ctx, ref)
	return digest, err
}

// digest returns the digest of a tag or digest in the repository of a reference. It sends
// HEAD, and GET only if the answer to HEAD has no digest.
func (r *Client) digest(ctx context.Context, ref images.Ref, id string) (string, error) {
	source, err := r.Source(ref)
	if err != nil {
		return "", err
	}
	var digest string
	err = r.ask(ctx, source, func(ctx context.Context, s *repository.Session) (err error) {
		digest, err = s.Digest(ctx, id)
		return err
	})
	return digest, err
}

// CheckTarget returns an error if the repository of ref cannot be pushed to. It
// starts an upload and cancels it.
func (r *Client) CheckTarget(ctx context.Context, ref images.Ref) error {
	target, err := r.Target(ref)
	if err != nil {
		return err
	}
	return r.ask(ctx, target, func(ctx context.Context, s *repository.Session) error { return s.CheckUpload(ctx) })
}

// ask sends requests to an endpoint and retries transient failures.
func (r *Client) ask(ctx context.Context, to Endpoint, send func(context.Context, *repository.Session) error) error {
	return r.cfg.Retry.Do(ctx, func(int, error, time.Duration) {}, func(ctx context.Context) error {
		return to.Wrap("", to.With(ctx, send))
	})
}

// Origin returns the reference from which an image is read, after the registry map.
func (r *Client) Origin(ref images.Ref) images.Ref {
	at, _ := rewrite.Apply(r.cfg.Rewrite, ref)
	return at
}

// IsLocal reports whether a host is this machine.
func (r *Client) IsLocal(host string) bool { return isLoopback(host) }

// MayBeUnverified reports whether the user allows access to a host without a verified
// certificate: over plain HTTP or with unverified TLS.
func (r *Client) MayBeUnverified(host string) bool {
	return IsNamed(r.cfg.Insecure, host) || r.mayBePlain(host)
}

// HTTPClient returns a client for HTTP servers that are not registries, such as chart
// repositories. It has the connections and policies of registries, and no credentials.
func (r *Client) HTTPClient() *http.Client {
	return safehttp.NewClient(transport.NewUserAgent(r.traced, r.cfg.UserAgent))
}
