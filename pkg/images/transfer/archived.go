package transfer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/archives"
)

// archived is an image in an archive, as one run uses it. Blobs have no repositories
// there.
type archived struct {
	archive *archives.Archive
	ref     images.Ref
	push    bool
	since   *since // what need not be written, nil if everything must
}

func (a archived) name() string { return a.archive.String() }
func (a archived) pool() string { return a.archive.String() }
func (a archived) lane() string { return a.archive.String() }

// full is the name of a tag in the archive: the reference of the source, or one beside it.
func (a archived) full(tag string) string {
	if tag == a.ref.PushTag() || tag == a.ref.Tag {
		return a.ref.String()
	}
	return a.ref.Name() + ":" + tag
}

func (a archived) digest(_ context.Context, id string) (string, error) {
	if digest, err := v1.NewHash(id); err == nil && (id != a.ref.Digest || a.archive.Has(digest)) {
		if !a.archive.Has(digest) {
			return "", a.wrap("manifest "+id, &archives.AbsentError{Name: id})
		}
		return id, nil
	}
	desc, ok := a.archive.Find(a.full(id))
	if !ok && a.since != nil {
		desc, ok = a.since.archive.Find(a.full(id))
	}
	if !ok {
		return "", a.wrap("", &archives.AbsentError{Name: a.full(id)})
	}
	return desc.Digest.String(), nil
}

func (a archived) manifest(ctx context.Context, id string) (manifest, error) {
	digest, err := a.digest(ctx, id)
	if err != nil {
		return manifest{}, err
	}
	hash, err := v1.NewHash(digest)
	if err != nil {
		return manifest{}, a.wrap("", invalid(err))
	}
	blob, err := a.archive.Blob(hash)
	if err != nil {
		return manifest{}, a.wrap("manifest "+digest, err)
	}
	defer blob.Close()
	raw, err := io.ReadAll(io.LimitReader(blob, manifestLimit))
	if err != nil {
		return manifest{}, a.wrap("manifest "+digest, err)
	}
	m, err := newManifest(raw, "", digest)
	return m, a.wrap("manifest "+digest, err)
}

// referrers are the manifests without a name whose subject is the digest.
func (a archived) referrers(ctx context.Context, digest string) ([]v1.Descriptor, error) {
	var found []v1.Descriptor
	for _, desc := range a.archive.Entries() {
		if desc.Annotations[archives.NameAnnotation] != "" {
			continue
		}
		m, err := a.manifest(ctx, desc.Digest.String())
		if err != nil {
			return nil, err
		}
		if m.subject() == digest {
			found = append(found, desc)
		}
	}
	return found, nil
}

func (a archived) open(_ context.Context, desc v1.Descriptor, offset int64) (io.ReadCloser, error) {
	what := "blob " + desc.Digest.String()
	blob, err := a.archive.Blob(desc.Digest)
	if err != nil {
		return nil, a.wrap(what, lacking(a.archive, err))
	}
	if _, err := blob.Seek(offset, io.SeekStart); err != nil {
		_ = blob.Close() // it was only read
		return nil, a.wrap(what, err)
	}
	reader, err := newBlobReader(desc, offset)
	if err != nil {
		_ = blob.Close() // it was only read
		return nil, a.wrap(what, err)
	}
	reader.body = blob
	return &explained{ReadCloser: reader, wrap: func(err error) error {
		var broken *brokenError
		if errors.As(err, &broken) {
			err = &damagedError{err}
		}
		return a.wrap(what, err)
	}}, nil
}

func (a archived) wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	var step *stepError
	if errors.As(err, &step) {
		return step
	}
	doing := "reading"
	if a.push {
		doing = "writing"
	}
	return &stepError{doing: doing, where: a.ref.String() + " in " + a.archive.String(), what: what, push: a.push, err: err}
}

func (a archived) claim(_ context.Context, desc v1.Descriptor, _ string) (claim, error) {
	if a.archive.Has(desc.Digest) {
		return claim{there: true}, nil
	}
	if a.since != nil {
		if image, ok := a.since.blobs[desc.Digest]; ok {
			a.archive.Omit(a.since.archive.String(), desc.Digest, image)
			return claim{there: true}, nil
		}
	}
	return claim{location: desc.Digest.String()}, nil
}

func (a archived) holds(_ context.Context, desc v1.Descriptor) (bool, error) {
	return a.archive.Has(desc.Digest), nil
}

func (a archived) resume(context.Context, claim) claim { return claim{} }

func (a archived) store(ctx context.Context, c *claim, desc v1.Descriptor, rest io.ReadCloser) error {
	defer rest.Close()
	c.broken = true
	body := &countedBody{ReadCloser: rest, count: trackerOf(ctx).uploaded}
	return a.wrap("blob "+desc.Digest.String(), a.archive.Write(desc.Digest, desc.Size, body))
}

func (a archived) put(_ context.Context, m manifest, tag string) (bool, error) {
	digest, err := v1.NewHash(m.digest)
	if err != nil {
		return false, a.wrap("", invalid(err))
	}
	size := int64(len(m.raw))
	if !a.archive.Has(digest) {
		if err := a.archive.Write(digest, size, bytes.NewReader(m.raw)); err != nil {
			return false, a.wrap("manifest "+m.digest, err)
		}
	}
	desc := v1.Descriptor{MediaType: m.mediaType, Digest: digest, Size: size}
	switch {
	case tag != "":
		return false, a.wrap("", a.archive.Tag(a.full(tag), desc))
	case m.subject() != "":
		return true, a.wrap("", a.archive.Tag("", desc))
	default:
		return false, nil
	}
}

// subject is the digest that a manifest hangs on, "" if it stands for itself.
func (m manifest) subject() string {
	var doc struct {
		Subject *v1.Descriptor `json:"subject"`
	}
	if json.Unmarshal(m.raw, &doc) != nil || doc.Subject == nil {
		return ""
	}
	return doc.Subject.Digest.String()
}

// damagedError is content of an archive that is shorter than it should be.
type damagedError struct{ err error }

func (e *damagedError) Error() string { return "the archive is cut or damaged: " + e.err.Error() }

// Inventory are the images in an archive, with their digests.
func Inventory(a *archives.Archive) (images.Inventory, error) {
	var c images.Collector
	for _, desc := range a.Entries() {
		name := desc.Annotations[archives.NameAnnotation]
		if name == "" || isCosign(name) {
			continue // it comes with its image
		}
		ref, err := images.ParseRef(name)
		if err != nil {
			return images.Inventory{}, &refusalError{class: images.ClassPolicy, msg: a.String() + ": " + err.Error(), remedy: "load an archive that this plugin has written, or one whose names are full references"}
		}
		c.Add(images.Image{Ref: ref, Digest: desc.Digest.String()})
	}
	return c.Inventory(), nil
}

// isCosign tells whether a name is that of something that hangs on an image.
func isCosign(name string) bool {
	_, tag, _ := strings.Cut(name[strings.LastIndex(name, "/")+1:], ":")
	return strings.HasPrefix(tag, "sha256-")
}
