package transfer

import (
	"context"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// Digest returns the digest that a reference has at its source, through the mappings.
// It is asked for by HEAD, and by GET only if the registry does not say so to a HEAD.
func (r *Registries) Digest(ctx context.Context, ref images.Ref) (string, error) {
	source, err := r.source(ref)
	if err != nil {
		return "", err
	}
	id := ref.Digest
	if id == "" {
		id = ref.Tag
	}
	var digest string
	err = r.ask(ctx, source, func(ctx context.Context, s *session) (err error) {
		digest, err = s.digest(ctx, id)
		return err
	})
	return digest, err
}

// CheckTarget returns an error if the repository of ref cannot be pushed to. It
// starts an upload and cancels it.
func (r *Registries) CheckTarget(ctx context.Context, ref images.Ref) error {
	target, err := r.target(ref)
	if err != nil {
		return err
	}
	return r.ask(ctx, target, func(ctx context.Context, s *session) error { return s.checkUpload(ctx) })
}

// ask sends requests to an endpoint, again after transient faults.
func (r *Registries) ask(ctx context.Context, side endpoint, send func(context.Context, *session) error) error {
	return r.retry.do(ctx, func(int, error, time.Duration) {}, func(ctx context.Context) error {
		return side.wrap("", side.with(ctx, send))
	})
}

func (s *session) checkUpload(ctx context.Context) error {
	c, err := s.start(ctx, v1.Descriptor{}, "")
	if err != nil {
		return err
	}
	s.cancel(ctx, c.location)
	return nil
}
