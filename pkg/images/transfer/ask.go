package transfer

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

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
	resp, err := s.do(ctx, http.MethodPost, "blobs", "uploads/")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := transport.CheckError(resp, http.StatusAccepted); err != nil {
		return err
	}
	return s.cancelUpload(ctx, resp)
}

// cancelUpload gives up the upload that was started with a response. Registries
// forget it by themselves if they cannot do that.
func (s *session) cancelUpload(ctx context.Context, started *http.Response) error {
	location, err := started.Location()
	if err != nil {
		return errors.New("the registry started an upload without saying where it goes")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, location.String(), nil)
	if err != nil {
		return err
	}
	if resp, err := s.client.Do(req); err == nil {
		resp.Body.Close()
	}
	return nil
}
