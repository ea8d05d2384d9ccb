package storage

import (
	"cmp"
	"context"
	"io"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/repository"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/progress"
)

// hosted is a repository in a registry, as one run uses it.
type hosted struct {
	registry.Endpoint
	gate *Gate
}

// NewHosted returns a side that is reached through a gate.
func NewHosted(e registry.Endpoint, g *Gate) Target { return hosted{Endpoint: e, gate: g} }

func (e hosted) Name() string { return e.Repo.Name() }
func (e hosted) Pool() string { return e.Repo.RegistryStr() }

func (e hosted) lane() string {
	if e.Push {
		return "push " + e.Pool()
	}
	return "pull " + e.Pool()
}

func (e hosted) Digest(ctx context.Context, id string) (digest string, err error) {
	err = e.gate.try(ctx, e, "", func(ctx context.Context, s *repository.Session) error {
		digest, err = s.Digest(ctx, id)
		return err
	})
	return digest, err
}

func (e hosted) Manifest(ctx context.Context, id string) (m oci.Manifest, err error) {
	err = e.gate.try(ctx, e, "manifest "+id, func(ctx context.Context, s *repository.Session) error {
		m, err = s.Manifest(ctx, id)
		return err
	})
	return m, err
}

func (e hosted) Open(ctx context.Context, desc v1.Descriptor, offset int64) (body io.ReadCloser, err error) {
	what := "blob " + desc.Digest.String()
	err = e.gate.once(ctx, e, what, func(ctx context.Context, s *repository.Session) error {
		body, err = s.Resumable(ctx, desc, offset, e.gate.Retry, progress.Of(ctx).Waiting)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &explained{ReadCloser: body, wrap: func(err error) error { return e.Wrap(what, err) }}, nil
}

func (e hosted) Claim(ctx context.Context, desc v1.Descriptor, from string) (c repository.Claim, err error) {
	err = e.gate.once(ctx, e, "blob "+desc.Digest.String(), func(ctx context.Context, s *repository.Session) error {
		c, err = s.Claim(ctx, desc, strings.TrimPrefix(from, e.Pool()+"/"), e.gate.Traits(e.Pool()))
		return err
	})
	return c, err
}

func (e hosted) Holds(ctx context.Context, desc v1.Descriptor) (there bool, err error) {
	err = e.gate.once(ctx, e, "blob "+desc.Digest.String(), func(ctx context.Context, s *repository.Session) error {
		there, err = s.Exists(ctx, desc)
		return err
	})
	return there, err
}

// Remove takes a blob out of the repository.
func (e hosted) Remove(ctx context.Context, desc v1.Descriptor) error {
	return e.gate.try(ctx, e, "blob "+desc.Digest.String(), func(ctx context.Context, s *repository.Session) error {
		return s.Remove(ctx, desc)
	})
}

func (e hosted) Resume(ctx context.Context, c repository.Claim) (found repository.Claim) {
	_ = e.With(ctx, func(ctx context.Context, s *repository.Session) error {
		found = s.Find(ctx, c)
		return nil
	}) // without a session it is begun anew
	return found
}

func (e hosted) Store(ctx context.Context, c *repository.Claim, desc v1.Descriptor, rest io.ReadCloser) error {
	return e.gate.once(ctx, e, "blob "+desc.Digest.String(), func(ctx context.Context, s *repository.Session) error {
		if err := s.Upload(ctx, c, desc, rest); err != nil {
			return err
		}
		return s.Probe(ctx, desc, e.gate.Traits(e.Pool()))
	})
}

func (e hosted) Put(ctx context.Context, m oci.Manifest, tag string) (listed bool, err error) {
	id := cmp.Or(tag, m.Digest)
	err = e.gate.try(ctx, e, "manifest "+m.Digest, func(ctx context.Context, s *repository.Session) error {
		listed, err = s.PutManifest(ctx, id, m)
		return err
	})
	return listed, err
}

func (e hosted) Referrers(ctx context.Context, digest string) (list []v1.Descriptor, err error) {
	err = e.gate.try(ctx, e, "referrers of "+digest, func(ctx context.Context, s *repository.Session) error {
		list, err = s.Referrers(ctx, digest)
		return err
	})
	return list, err
}
