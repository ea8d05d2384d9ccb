package registry

import (
	"context"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/repository"
)

// Digest returns the digest that Find does.
func (r *Registries) Digest(ctx context.Context, ref images.Ref) (string, error) {
	digest, _, err := r.Find(ctx, ref)
	return digest, err
}

// digest returns the digest of a tag, or of a digest, in the repository of a reference. It
// is asked for by HEAD, and by GET only if the registry does not say so to a HEAD.
func (r *Registries) digest(ctx context.Context, ref images.Ref, id string) (string, error) {
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
func (r *Registries) CheckTarget(ctx context.Context, ref images.Ref) error {
	target, err := r.Target(ref)
	if err != nil {
		return err
	}
	return r.ask(ctx, target, func(ctx context.Context, s *repository.Session) error { return s.CheckUpload(ctx) })
}

// ask sends requests to an endpoint, again after transient faults.
func (r *Registries) ask(ctx context.Context, side Endpoint, send func(context.Context, *repository.Session) error) error {
	return r.cfg.Retry.Do(ctx, func(int, error, time.Duration) {}, func(ctx context.Context) error {
		return side.Wrap("", side.With(ctx, send))
	})
}
