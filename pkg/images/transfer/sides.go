package transfer

import (
	"cmp"
	"context"
	"io"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// source is where one image is read: a repository in a registry, or an archive.
type source interface {
	name() string // what is read from the same name is the same
	lane() string // what is limited together
	digest(ctx context.Context, id string) (string, error)
	manifest(ctx context.Context, id string) (manifest, error)
	referrers(ctx context.Context, digest string) ([]v1.Descriptor, error)
	// open reads a blob from an offset on, the whole of it verified if that is 0.
	open(ctx context.Context, desc v1.Descriptor, offset int64) (io.ReadCloser, error)
	wrap(what string, err error) error
}

// target is where one image is written.
type target interface {
	source
	pool() string // the registry, in which blobs can be mounted
	// holds tells whether a blob is there.
	holds(ctx context.Context, desc v1.Descriptor) (bool, error)
	// claim tells whether a blob is there, mounts it from another repository that has it
	// (if from is not empty), or else starts an upload.
	claim(ctx context.Context, desc v1.Descriptor, from string) (claim, error)
	// resume finds out how far a broken upload has come.
	resume(ctx context.Context, c claim) claim
	// store uploads the rest of a blob, and closes it.
	store(ctx context.Context, c *claim, desc v1.Descriptor, rest io.ReadCloser) error
	// put writes a manifest; tag is empty if it is one of an index. It tells whether the
	// registry lists it as a referrer.
	put(ctx context.Context, m manifest, tag string) (listed bool, err error)
}

// claim is how far a blob has come in a repository.
type claim struct {
	there    bool
	mounted  bool   // there, because it was mounted
	location string // of the upload, empty if none was started
	offset   int64  // how much of it has arrived
	broken   bool   // the upload broke off: its offset must be asked for
}

// hosted is a repository in a registry, as one run uses it.
type hosted struct {
	endpoint
	run *run
}

func (e hosted) name() string { return e.repo.Name() }
func (e hosted) pool() string { return e.repo.RegistryStr() }

func (e hosted) lane() string {
	if e.push {
		return "push " + e.pool()
	}
	return "pull " + e.pool()
}

func (e hosted) digest(ctx context.Context, id string) (digest string, err error) {
	err = e.run.try(ctx, e, "", func(ctx context.Context, s *session) error {
		digest, err = s.digest(ctx, id)
		return err
	})
	return digest, err
}

func (e hosted) manifest(ctx context.Context, id string) (m manifest, err error) {
	err = e.run.try(ctx, e, "manifest "+id, func(ctx context.Context, s *session) error {
		m, err = s.manifest(ctx, id)
		return err
	})
	return m, err
}

func (e hosted) open(ctx context.Context, desc v1.Descriptor, offset int64) (body io.ReadCloser, err error) {
	what := "blob " + desc.Digest.String()
	err = e.run.once(ctx, e, what, func(ctx context.Context, s *session) error {
		body, err = s.resumable(ctx, desc, offset, e.run.r.retry, trackerOf(ctx).waiting)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &explained{ReadCloser: body, wrap: func(err error) error { return e.wrap(what, err) }}, nil
}

func (e hosted) claim(ctx context.Context, desc v1.Descriptor, from string) (c claim, err error) {
	err = e.run.once(ctx, e, "blob "+desc.Digest.String(), func(ctx context.Context, s *session) error {
		c, err = s.claim(ctx, desc, strings.TrimPrefix(from, e.pool()+"/"), e.run.traits(e.pool()))
		return err
	})
	return c, err
}

func (e hosted) holds(ctx context.Context, desc v1.Descriptor) (there bool, err error) {
	err = e.run.once(ctx, e, "blob "+desc.Digest.String(), func(ctx context.Context, s *session) error {
		there, err = s.exists(ctx, desc)
		return err
	})
	return there, err
}

func (e hosted) resume(ctx context.Context, c claim) (found claim) {
	_ = e.with(ctx, func(ctx context.Context, s *session) error {
		found = s.find(ctx, c)
		return nil
	}) // without a session it is begun anew
	return found
}

func (e hosted) store(ctx context.Context, c *claim, desc v1.Descriptor, rest io.ReadCloser) error {
	return e.run.once(ctx, e, "blob "+desc.Digest.String(), func(ctx context.Context, s *session) error {
		if err := s.upload(ctx, c, desc, rest); err != nil {
			return err
		}
		return s.probe(ctx, desc, e.run.traits(e.pool()))
	})
}

func (e hosted) put(ctx context.Context, m manifest, tag string) (listed bool, err error) {
	id := cmp.Or(tag, m.digest)
	err = e.run.try(ctx, e, "manifest "+m.digest, func(ctx context.Context, s *session) error {
		listed, err = s.putManifest(ctx, id, m)
		return err
	})
	return listed, err
}

func (e hosted) referrers(ctx context.Context, digest string) (list []v1.Descriptor, err error) {
	err = e.run.try(ctx, e, "referrers of "+digest, func(ctx context.Context, s *session) error {
		list, err = s.referrers(ctx, digest)
		return err
	})
	return list, err
}

// explained makes errors of reading say so, because they surface when writing.
type explained struct {
	io.ReadCloser
	wrap func(error) error
}

// Read implements io.Reader.
func (r *explained) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err == nil || err == io.EOF {
		return n, err
	}
	return n, r.wrap(err)
}
