package storage

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive/layout"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/httptransport"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/repository"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/stream"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/progress"
)

// archived is an image in an archive, as one run uses it. Blobs have no repositories
// there.
type archived struct {
	archive *layout.Archive
	ref     images.Ref
	copy    images.Copy // what is written; empty for reading
	push    bool
	since   *Since // what need not be written, nil if everything must
}

// NewArchived returns an image to be read from an archive.
func NewArchived(a *layout.Archive, ref images.Ref) Source { return archived{archive: a, ref: ref} }

// NewWritten returns an image to be written into an archive. before may be nil.
func NewWritten(a *layout.Archive, c images.Copy, before *Since) Target {
	return archived{archive: a, ref: c.Target, copy: c, push: true, since: before}
}

func (a archived) Name() string { return a.archive.String() }
func (a archived) Pool() string { return a.archive.String() }
func (a archived) lane() string { return a.archive.String() }

// full is the name of a tag in the archive: the reference of the source, or one beside it.
func (a archived) full(tag string) string {
	if tag == a.ref.PushTag() || tag == a.ref.Tag {
		return a.ref.String()
	}
	return a.ref.Name() + ":" + tag
}

func (a archived) Digest(_ context.Context, id string) (string, error) {
	if digest, err := v1.NewHash(id); err == nil && (id != a.ref.Digest || a.archive.Has(digest)) {
		if !a.archive.Has(digest) {
			return "", a.Wrap("manifest "+id, &layout.AbsentError{Name: id})
		}
		return id, nil
	}
	desc, ok := a.find(a.full(id))
	if !ok {
		return "", a.Wrap("", &layout.AbsentError{Name: a.full(id)})
	}
	return desc.Digest.String(), nil
}

// find looks a name up in the archive, and in the earlier one.
func (a archived) find(name string) (v1.Descriptor, bool) {
	desc, ok := a.archive.Find(name)
	if !ok && a.since != nil {
		desc, ok = a.since.archive.Find(name)
	}
	return desc, ok
}

// Noted tells whether the archive says of the image what it is, and its second places.
func (a archived) Noted() bool {
	desc, ok := a.find(a.ref.String())
	return !ok || layout.KindOf(desc) == a.kind() && len(a.Unlisted()) == 0
}

// Unlisted are the second places of the image that the archive does not note.
func (a archived) Unlisted() []string {
	desc, _ := a.find(a.ref.String())
	noted := layout.AlsoOf(desc)
	return slices.DeleteFunc(slices.Clone(a.copy.Also), func(place string) bool { return slices.Contains(noted, place) })
}

func (a archived) kind() images.Kind { return cmp.Or(a.copy.Kind, images.KindImage) }

func (a archived) Manifest(ctx context.Context, id string) (oci.Manifest, error) {
	digest, err := a.Digest(ctx, id)
	if err != nil {
		return oci.Manifest{}, err
	}
	hash, err := v1.NewHash(digest)
	if err != nil {
		return oci.Manifest{}, a.Wrap("", oci.Invalid(err))
	}
	blob, err := a.archive.Blob(hash)
	if err != nil {
		return oci.Manifest{}, a.Wrap("manifest "+digest, err)
	}
	defer blob.Close()
	raw, err := oci.Read(blob)
	if err != nil {
		return oci.Manifest{}, a.Wrap("manifest "+digest, err)
	}
	m, err := oci.New(raw, "", digest)
	return m, a.Wrap("manifest "+digest, err)
}

// Referrers are the manifests without a name whose subject is the digest.
func (a archived) Referrers(ctx context.Context, digest string) ([]v1.Descriptor, error) {
	var found []v1.Descriptor
	for _, desc := range a.archive.Entries() {
		if desc.Annotations[layout.NameAnnotation] != "" {
			continue
		}
		m, err := a.Manifest(ctx, desc.Digest.String())
		if err != nil {
			return nil, err
		}
		if m.Subject() == digest {
			found = append(found, desc)
		}
	}
	return found, nil
}

func (a archived) Open(_ context.Context, desc v1.Descriptor, offset int64) (io.ReadCloser, error) {
	what := "blob " + desc.Digest.String()
	blob, err := a.archive.Blob(desc.Digest)
	if err != nil {
		return nil, a.Wrap(what, lacking(a.archive, err))
	}
	if _, err := blob.Seek(offset, io.SeekStart); err != nil {
		_ = blob.Close() // it was only read
		return nil, a.Wrap(what, err)
	}
	reader, err := stream.NewReader(desc, offset, blob, nil)
	if err != nil {
		_ = blob.Close() // it was only read
		return nil, a.Wrap(what, err)
	}
	return &explained{ReadCloser: reader, wrap: func(err error) error {
		var broken *failure.BrokenError
		if errors.As(err, &broken) {
			err = &failure.DamagedError{Err: err}
		}
		return a.Wrap(what, err)
	}}, nil
}

func (a archived) Wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	var step *failure.StepError
	if errors.As(err, &step) {
		return step
	}
	doing := "reading"
	if a.push {
		doing = "writing"
	}
	return &failure.StepError{Doing: doing, Where: a.ref.String() + " in " + a.archive.String(), What: what, Push: a.push, Err: err}
}

func (a archived) Claim(_ context.Context, desc v1.Descriptor, _ string) (repository.Claim, error) {
	if a.archive.Holds(desc) {
		return repository.Claim{There: true}, nil
	}
	if a.since != nil {
		if image, ok := a.since.blobs[desc.Digest]; ok {
			a.archive.Omit(a.since.archive.String(), desc.Digest, image)
			return repository.Claim{There: true}, nil
		}
	}
	return repository.Claim{Location: desc.Digest.String()}, nil
}

func (a archived) Holds(_ context.Context, desc v1.Descriptor) (bool, error) {
	if a.since != nil && a.since.blobs[desc.Digest] != "" {
		return true, nil
	}
	return a.archive.Holds(desc), nil
}

func (a archived) Resume(context.Context, repository.Claim) repository.Claim {
	return repository.Claim{}
}

func (a archived) Store(ctx context.Context, c *repository.Claim, desc v1.Descriptor, rest io.ReadCloser) error {
	defer rest.Close()
	c.Broken = true
	body := &httptransport.CountedBody{ReadCloser: rest, Count: progress.Of(ctx).Uploaded}
	return a.Wrap("blob "+desc.Digest.String(), a.archive.Write(desc.Digest, desc.Size, body))
}

func (a archived) Put(_ context.Context, m oci.Manifest, tag string) (bool, error) {
	digest, err := v1.NewHash(m.Digest)
	if err != nil {
		return false, a.Wrap("", oci.Invalid(err))
	}
	desc := v1.Descriptor{MediaType: m.MediaType, Digest: digest, Size: int64(len(m.Raw))}
	if !a.archive.Holds(desc) {
		if err := a.archive.Write(digest, desc.Size, bytes.NewReader(m.Raw)); err != nil {
			return false, a.Wrap("manifest "+m.Digest, err)
		}
	}
	switch {
	case tag != "":
		if a.full(tag) == a.ref.String() {
			desc.Annotations = layout.Notes(a.kind(), a.copy.Also)
		}
		return false, a.Wrap("", a.archive.Tag(a.full(tag), desc))
	case m.Subject() != "":
		return true, a.Wrap("", a.archive.Tag("", desc))
	default:
		return false, nil
	}
}
