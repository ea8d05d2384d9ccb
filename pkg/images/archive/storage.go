// Package archive implements storage.Source and storage.Target for one image in an archive:
// an OCI image layout in a directory or tar file, or a docker-archive (only for reading).
// Packages layout and dockerarchive know the file formats. The package must not know
// registries.
package archive

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
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage"
)

// Storage is one image in an archive. All images of an archive share the blobs.
type Storage struct {
	archive *layout.Archive
	ref     images.Ref
	copy    images.Copy // the image to write; empty for reading
	write   bool
	since   *Since // content that need not be written; nil: none
}

// Source returns the storage from which an image is read.
func Source(a *layout.Archive, ref images.Ref) *Storage { return &Storage{archive: a, ref: ref} }

// Target returns the storage to which an image is written. since is the content that need
// not be written, or nil.
func Target(a *layout.Archive, c images.Copy, since *Since) *Storage {
	return &Storage{archive: a, ref: c.Target, copy: c, write: true, since: since}
}

// Location implements storage.Source.
func (s *Storage) Location() storage.Location {
	name := s.archive.String()
	l := storage.Location{Name: name, Registry: name, Queue: name, Label: s.ref.String() + " in " + name, Doing: "reading", Write: s.write}
	if s.write {
		l.Doing = "writing"
	}
	return l
}

func (s *Storage) wrap(what string, err error) error { return s.Location().Wrap(what, err) }

// full returns the name of a tag in the archive: the reference of the image, or one in the
// same repository.
func (s *Storage) full(tag string) string {
	if tag == s.ref.PushTag() || tag == s.ref.Tag {
		return s.ref.String()
	}
	return s.ref.Name() + ":" + tag
}

// Resolve implements storage.Source.
func (s *Storage) Resolve(_ context.Context, id string) (string, error) {
	if digest, err := v1.NewHash(id); err == nil && (id != s.ref.Digest || s.archive.Has(digest)) {
		if !s.archive.Has(digest) {
			return "", s.wrap("manifest "+id, &failure.NotFoundError{Name: id, Where: "the archive"})
		}
		return id, nil
	}
	desc, ok := s.find(s.full(id))
	if !ok {
		return "", s.wrap("", &failure.NotFoundError{Name: s.full(id), Where: "the archive"})
	}
	return desc.Digest.String(), nil
}

// find returns the descriptor of a name in the archive or in the earlier archive.
func (s *Storage) find(name string) (v1.Descriptor, bool) {
	desc, ok := s.archive.Find(name)
	if !ok && s.since != nil {
		desc, ok = s.since.archive.Find(name)
	}
	return desc, ok
}

// Noted reports whether the archive has the kind and the second places of the image.
func (s *Storage) Noted() bool {
	desc, ok := s.find(s.ref.String())
	return !ok || layout.KindOf(desc) == s.kind() && len(s.Unlisted()) == 0
}

// Unlisted returns the second places of the image that the archive lacks.
func (s *Storage) Unlisted() []string {
	desc, _ := s.find(s.ref.String())
	noted := layout.AlsoOf(desc)
	return slices.DeleteFunc(slices.Clone(s.copy.Also), func(place string) bool { return slices.Contains(noted, place) })
}

func (s *Storage) kind() images.Kind { return cmp.Or(s.copy.Kind, images.KindImage) }

// Manifest implements storage.Source.
func (s *Storage) Manifest(ctx context.Context, id string) (oci.Manifest, error) {
	digest, err := s.Resolve(ctx, id)
	if err != nil {
		return oci.Manifest{}, err
	}
	hash, err := v1.NewHash(digest)
	if err != nil {
		return oci.Manifest{}, s.wrap("", oci.Invalid(err))
	}
	blob, err := s.archive.Blob(hash)
	if err != nil {
		return oci.Manifest{}, s.wrap("manifest "+digest, err)
	}
	defer blob.Close()
	raw, err := oci.Read(blob)
	if err != nil {
		return oci.Manifest{}, s.wrap("manifest "+digest, err)
	}
	m, err := oci.New(raw, "", digest)
	return m, s.wrap("manifest "+digest, err)
}

// Referrers returns the manifests without a name whose subject is the digest, with their types.
func (s *Storage) Referrers(ctx context.Context, digest string) ([]v1.Descriptor, error) {
	var found []v1.Descriptor
	for _, desc := range s.archive.Entries() {
		if desc.Annotations[layout.NameAnnotation] != "" {
			continue
		}
		m, err := s.Manifest(ctx, desc.Digest.String())
		if err != nil {
			return nil, err
		}
		if m.Subject() == digest {
			desc.ArtifactType = cmp.Or(desc.ArtifactType, m.ArtifactType())
			found = append(found, desc)
		}
	}
	return found, nil
}

// Open implements storage.Source.
func (s *Storage) Open(_ context.Context, desc v1.Descriptor, offset int64, _ retry.Waiting) (io.ReadCloser, error) {
	what := "blob " + desc.Digest.String()
	blob, err := s.archive.Blob(desc.Digest)
	if err != nil {
		return nil, s.wrap(what, lacking(s.archive, err))
	}
	if _, err := blob.Seek(offset, io.SeekStart); err != nil {
		_ = blob.Close() // read only
		return nil, s.wrap(what, err)
	}
	reader, err := oci.NewVerifier(desc, offset, blob)
	if err != nil {
		_ = blob.Close() // read only
		return nil, s.wrap(what, err)
	}
	return s.Location().Wrapped(what, &cut{reader}), nil
}

// cut is a blob whose early end is a *failure.DamagedError.
type cut struct{ io.ReadCloser }

// Read implements io.Reader.
func (c *cut) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	var broken *failure.InterruptedError
	if errors.As(err, &broken) {
		err = &failure.DamagedError{Reason: err.Error()}
	}
	return n, err
}

// Exists implements storage.Target.
func (s *Storage) Exists(_ context.Context, desc v1.Descriptor) (bool, error) {
	if s.since != nil && s.since.blobs[desc.Digest] != "" {
		return true, nil
	}
	return s.archive.Holds(desc), nil
}

// Push implements storage.Target.
func (s *Storage) Push(ctx context.Context, desc v1.Descriptor, _ string, open storage.Opener) (storage.Pushed, error) {
	if s.archive.Holds(desc) {
		return storage.Existed, nil
	}
	if s.since != nil {
		if image, ok := s.since.blobs[desc.Digest]; ok {
			s.archive.Omit(s.since.archive.String(), desc.Digest, image)
			return storage.Existed, nil
		}
	}
	content, err := open(ctx, 0)
	if err != nil {
		return storage.Existed, err
	}
	defer content.Close()
	return storage.Uploaded, s.wrap("blob "+desc.Digest.String(), s.archive.Write(desc.Digest, desc.Size, content))
}

// PutManifest implements storage.Target.
func (s *Storage) PutManifest(_ context.Context, m oci.Manifest, tag string) (bool, error) {
	digest, err := v1.NewHash(m.Digest)
	if err != nil {
		return false, s.wrap("", oci.Invalid(err))
	}
	desc := v1.Descriptor{MediaType: m.MediaType, Digest: digest, Size: int64(len(m.Raw))}
	if !s.archive.Holds(desc) {
		if err := s.archive.Write(digest, desc.Size, bytes.NewReader(m.Raw)); err != nil {
			return false, s.wrap("manifest "+m.Digest, err)
		}
	}
	switch {
	case tag != "":
		if s.full(tag) == s.ref.String() {
			desc.Annotations = layout.Notes(s.kind(), s.copy.Also)
		}
		return false, s.wrap("", s.archive.Tag(s.full(tag), desc))
	case m.Subject() != "":
		return true, s.wrap("", s.archive.Tag("", desc))
	default:
		return false, nil
	}
}
