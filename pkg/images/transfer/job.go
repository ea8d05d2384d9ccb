package transfer

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/sync/errgroup"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// job is the copy of one image.
type job struct {
	run            *run
	plan           images.Copy
	tracker        *tracker
	source, target endpoint
}

func (run *run) job(c images.Copy, t *tracker) (*job, error) {
	source, err := run.r.source(c.Source)
	if err != nil {
		return nil, err
	}
	target, err := run.r.target(c.Target)
	return &job{run: run, plan: c, tracker: t, source: source, target: target}, err
}

// copy makes the target what the source is, and returns what was done and the digest
// that the target has.
func (j *job) copy(ctx context.Context) (images.Outcome, string, error) {
	want, root, err := j.wanted(ctx)
	if err != nil {
		return "", "", err
	}
	have, err := j.present(ctx)
	if err != nil || have == want {
		return images.Present, want, err
	}
	tree, err := j.read(ctx, want, root)
	if err != nil {
		return "", "", err
	}
	if err := j.move(ctx, tree.allBlobs()); err != nil {
		return "", "", err
	}
	if err := j.commit(ctx, tree); err != nil {
		return "", "", err
	}
	return images.Copied, want, j.verify(ctx, want)
}

// wanted returns the digest that the target should have: that of the plan if it has
// one, else what the source has now. If platforms are left out, it is known only when
// the index was read, which is then returned, too.
func (j *job) wanted(ctx context.Context) (string, *manifest, error) {
	if len(j.run.opts.Platforms) > 0 {
		return j.filtered(ctx)
	}
	if pinned := j.pinned(); pinned != "" {
		return pinned, nil, nil
	}
	digest, err := j.digest(ctx, j.source, j.plan.Source.Version())
	return digest, nil, err
}

// pinned is the digest that the source must have, "" if any will do.
func (j *job) pinned() string { return cmp.Or(j.plan.Digest, j.plan.Source.Digest) }

// filtered reads the source and leaves out the platforms that are not wanted.
func (j *job) filtered(ctx context.Context) (string, *manifest, error) {
	root, err := j.manifest(ctx, cmp.Or(j.pinned(), j.plan.Source.Tag))
	if err != nil {
		return "", nil, err
	}
	kept, err := root.only(j.run.opts.Platforms)
	if err == nil && j.plan.Source.Digest != "" && kept.digest != root.digest {
		err = &refusalError{
			class:  images.ClassPolicy,
			msg:    "it is referred to by digest, and without some of its platforms the digest would change",
			remedy: "copy all of its platforms: leave --platform out for this image",
		}
	}
	return kept.digest, &kept, j.source.wrap("", err)
}

// present returns the digest that the target has under its tag, "" if there is none.
func (j *job) present(ctx context.Context) (string, error) {
	digest, err := j.digest(ctx, j.target, j.plan.Target.PushTag())
	var status *transport.Error
	var session *sessionError
	if errors.As(err, &status) && status.StatusCode == http.StatusNotFound && !errors.As(err, &session) {
		return "", nil
	}
	return digest, err
}

func (j *job) digest(ctx context.Context, side endpoint, id string) (digest string, err error) {
	err = j.try(ctx, side, "", func(ctx context.Context, s *session) error {
		digest, err = s.digest(ctx, id)
		return err
	})
	return digest, err
}

func (j *job) manifest(ctx context.Context, id string) (m manifest, err error) {
	what := ""
	if id != j.plan.Source.Version() {
		what = "manifest " + id
	}
	err = j.try(ctx, j.source, what, func(ctx context.Context, s *session) error {
		m, err = s.manifest(ctx, id)
		return err
	})
	return m, err
}

// read returns the tree of manifests with the digest, whose root may be known.
func (j *job) read(ctx context.Context, digest string, root *manifest) (*node, error) {
	if root == nil {
		m, err := j.manifest(ctx, digest)
		if err != nil {
			return nil, err
		}
		root = &m
	}
	tree, err := expand(ctx, *root, 1, j.manifest)
	return tree, j.source.wrap("", err)
}

// move copies the blobs that the target's repository lacks.
func (j *job) move(ctx context.Context, blobs []v1.Descriptor) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, desc := range blobs {
		group.Go(func() error {
			return j.try(ctx, j.target, "blob "+desc.Digest.String(), func(ctx context.Context, s *session) error {
				return s.pusher.Upload(ctx, s.repo, &layer{Descriptor: desc, open: func() (io.ReadCloser, error) { return j.open(ctx, desc) }})
			})
		})
	}
	return group.Wait()
}

// open starts to read a blob of the source. Errors say that it was the source.
func (j *job) open(ctx context.Context, desc v1.Descriptor) (io.ReadCloser, error) {
	var body io.ReadCloser
	what := "blob " + desc.Digest.String()
	err := j.source.with(ctx, func(ctx context.Context, s *session) (err error) {
		body, err = s.blob(ctx, desc)
		return err
	})
	if err != nil {
		return nil, j.source.wrap(what, err)
	}
	return &sourceReader{ReadCloser: body, wrap: func(err error) error { return j.source.wrap(what, err) }}, nil
}

// commit writes the manifests, each after those that it refers to. Only the root gets
// a tag.
func (j *job) commit(ctx context.Context, tree *node) error {
	if err := j.commitChildren(ctx, tree); err != nil {
		return err
	}
	return j.put(ctx, j.target.repo.Tag(j.plan.Target.PushTag()), tree.manifest)
}

func (j *job) commitChildren(ctx context.Context, tree *node) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, child := range tree.children {
		group.Go(func() error {
			if err := j.commitChildren(ctx, child); err != nil {
				return err
			}
			return j.put(ctx, j.target.repo.Digest(child.digest), child.manifest)
		})
	}
	return group.Wait()
}

func (j *job) put(ctx context.Context, ref name.Reference, m manifest) error {
	return j.try(ctx, j.target, "manifest "+m.digest, func(ctx context.Context, s *session) error {
		return s.pusher.Put(ctx, ref, m)
	})
}

// verify asks the target whether it has what was sent.
func (j *job) verify(ctx context.Context, want string) error {
	got, err := j.digest(ctx, j.target, j.plan.Target.PushTag())
	if err == nil && got != want {
		err = j.target.wrap("", &digestError{want: want, got: got})
	}
	return err
}

// RawManifest implements remote.Taggable.
func (m manifest) RawManifest() ([]byte, error) { return m.raw, nil }

// MediaType tells remote.Pusher the type of a manifest.
func (m manifest) MediaType() (types.MediaType, error) { return m.mediaType, nil }
