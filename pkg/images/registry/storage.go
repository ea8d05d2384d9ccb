package registry

import (
	"cmp"
	"context"
	"io"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/repository"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage"
)

// Storage is a repository in a registry, for one image in one run. Resolve, Manifest,
// Referrers, PutManifest and Delete wait for the limiter of the run and retry transient
// failures. Open, Exists and Push do not wait and do not retry, because the scheduler of
// blobs does both for source and target together.
type Storage struct {
	endpoint Endpoint
	tag      string // of the image, or ""
	run      *Run
	progress storage.Progress

	mu      sync.Mutex
	uploads map[v1.Hash]*repository.UploadSession // interrupted uploads, and uploads in progress
}

// Source returns the storage from which an image is pulled.
func (r *Run) Source(ref images.Ref, p storage.Progress) (*Storage, error) {
	e, err := r.client.Source(ref)
	return r.storage(e, ref.Tag, p), err
}

// Target returns the storage to which an image is pushed.
func (r *Run) Target(ref images.Ref, p storage.Progress) (*Storage, error) {
	e, err := r.client.Target(ref)
	return r.storage(e, ref.Tag, p), err
}

func (r *Run) storage(e Endpoint, tag string, p storage.Progress) *Storage {
	return &Storage{endpoint: e, tag: tag, run: r, progress: p, uploads: map[v1.Hash]*repository.UploadSession{}}
}

// Location implements storage.Source.
func (s *Storage) Location() storage.Location { return s.endpoint.Location() }

// request sends small requests and retries transient failures. what names the part of the
// image for errors.
func (s *Storage) request(ctx context.Context, what string, send func(context.Context, *repository.Session) error) error {
	at := s.Location()
	return s.run.client.Retries().Do(ctx, s.progress.Waiting, func(ctx context.Context) error {
		return s.run.limiter.Request(ctx, at.Queue, func() error {
			s.progress.Start()
			return s.once(ctx, what, send)
		})
	})
}

// once sends requests without a retry, and records what the result says about the registry.
func (s *Storage) once(ctx context.Context, what string, send func(context.Context, *repository.Session) error) error {
	at := s.Location()
	if at.Write {
		if err := s.run.Refused(at); err != nil {
			return err
		}
	}
	err := at.Wrap(what, s.endpoint.With(ctx, send))
	s.run.learn(at, err)
	return err
}

// Resolve implements storage.Source.
func (s *Storage) Resolve(ctx context.Context, reference string) (digest string, err error) {
	err = s.request(ctx, "", func(ctx context.Context, session *repository.Session) error {
		digest, err = session.Digest(ctx, reference)
		return err
	})
	return digest, err
}

// Manifest implements storage.Source.
func (s *Storage) Manifest(ctx context.Context, reference string) (m oci.Manifest, err error) {
	err = s.request(ctx, "manifest "+reference, func(ctx context.Context, session *repository.Session) error {
		m, err = session.Manifest(ctx, reference)
		return err
	})
	return m, err
}

// PutManifest implements storage.Target.
func (s *Storage) PutManifest(ctx context.Context, m oci.Manifest, tag string) (listed bool, err error) {
	reference := cmp.Or(tag, m.Digest)
	err = s.request(ctx, "manifest "+m.Digest, func(ctx context.Context, session *repository.Session) error {
		listed, err = session.PutManifest(ctx, reference, m, s.progress.Sent)
		return err
	})
	return listed, err
}

// Delete implements storage.Deleter.
func (s *Storage) Delete(ctx context.Context, desc v1.Descriptor) error {
	return s.request(ctx, blob(desc), func(ctx context.Context, session *repository.Session) error {
		return session.Delete(ctx, desc)
	})
}

// Open implements storage.Source.
func (s *Storage) Open(ctx context.Context, desc v1.Descriptor, offset int64, waiting retry.Waiting) (body io.ReadCloser, err error) {
	err = s.once(ctx, blob(desc), func(ctx context.Context, session *repository.Session) error {
		body, err = session.Resumable(ctx, desc, offset, s.run.client.Retries(), waiting)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.Location().Wrapped(blob(desc), body), nil
}

// Exists implements storage.Target.
func (s *Storage) Exists(ctx context.Context, desc v1.Descriptor) (there bool, err error) {
	err = s.once(ctx, blob(desc), func(ctx context.Context, session *repository.Session) error {
		there, err = session.Exists(ctx, desc)
		return err
	})
	return there, err
}

// Push implements storage.Target.
func (s *Storage) Push(ctx context.Context, desc v1.Descriptor, from string, open storage.Opener) (pushed storage.Pushed, err error) {
	registry := s.Location().Registry
	upload := s.upload(desc.Digest)
	err = s.once(ctx, blob(desc), func(ctx context.Context, session *repository.Session) error {
		pushed, err = session.Push(ctx, desc, strings.TrimPrefix(from, registry+"/"), s.run.Capabilities(registry), upload, open)
		return err
	})
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.uploads, desc.Digest)
	}
	return pushed, err
}

// upload returns the upload session of a blob. A session of an interrupted upload keeps its
// offset.
func (s *Storage) upload(digest v1.Hash) *repository.UploadSession {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.uploads[digest] == nil {
		s.uploads[digest] = &repository.UploadSession{}
	}
	return s.uploads[digest]
}

func blob(desc v1.Descriptor) string { return "blob " + desc.Digest.String() }
