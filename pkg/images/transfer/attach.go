package transfer

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/sync/errgroup"
)

// Signatures, attestations and lists of contents hang on the digest of an image in one of
// two ways: under a tag that cosign makes of the digest, or as a manifest whose subject
// is the digest, which a registry lists as its referrer. They are asked for only when an
// image is copied, for its index first, and for its platforms only if the index has any.

// attachment is a manifest that hangs on an image.
type attachment struct {
	tree *node
	tag  string        // "" for a referrer
	desc v1.Descriptor // of a referrer
	of   string        // the digest that it hangs on
}

// cosignSuffixes are those of the tags that cosign writes.
func cosignSuffixes() []string { return []string{".sig", ".att", ".sbom"} }

// digestTag is a digest as the beginning of a tag.
func digestTag(digest string) string { return strings.Replace(digest, ":", "-", 1) }

// attachments reads what hangs on an image.
func (j *job) attachments(ctx context.Context, tree *node) ([]attachment, error) {
	if j.run.opts.NoReferrers {
		return nil, nil
	}
	found, err := j.attached(ctx, tree.manifest.digest)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	for _, child := range tree.children {
		more, err := j.attached(ctx, child.digest)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}

// attached reads what hangs on one digest.
func (j *job) attached(ctx context.Context, digest string) ([]attachment, error) {
	found := make([]attachment, len(cosignSuffixes()))
	var referrers []attachment
	group, inner := errgroup.WithContext(ctx)
	for i, suffix := range cosignSuffixes() {
		group.Go(func() (err error) {
			tag := digestTag(digest) + suffix
			id, err := j.source.digest(inner, tag)
			if isRefused(err) {
				return nil
			}
			if err == nil {
				found[i], err = j.attachment(inner, v1.Descriptor{}, id)
				found[i].tag, found[i].of = tag, digest
			}
			return err
		})
	}
	group.Go(func() error {
		list, err := j.source.referrers(inner, digest)
		if err != nil {
			return err
		}
		for _, desc := range list {
			a, err := j.attachment(inner, desc, desc.Digest.String())
			if err != nil {
				return err
			}
			a.of = digest
			referrers = append(referrers, a)
		}
		return nil
	})
	err := group.Wait()
	found = slices.DeleteFunc(append(found, referrers...), func(a attachment) bool { return a.tree == nil })
	return found, err
}

func (j *job) attachment(ctx context.Context, desc v1.Descriptor, digest string) (attachment, error) {
	tree, err := j.read(ctx, digest, nil)
	return attachment{tree: tree, desc: desc}, err
}

// attach writes what hangs on the image, once its blobs are there.
func (j *job) attach(ctx context.Context, attachments []attachment) error {
	unlisted := map[string][]v1.Descriptor{}
	for _, a := range attachments {
		if err := j.commitChildren(ctx, a.tree); err != nil {
			return err
		}
		listed, err := j.target.put(ctx, a.tree.manifest, a.tag)
		if err != nil {
			return err
		}
		if a.tag == "" && !listed {
			unlisted[a.of] = append(unlisted[a.of], a.desc)
		}
	}
	for digest, descs := range unlisted {
		if err := j.list(ctx, digest, descs); err != nil {
			return err
		}
	}
	return nil
}

// list writes the referrers of a digest into the index that stands in for the referrers
// API where a registry lacks it, beside those that are listed there.
func (j *job) list(ctx context.Context, digest string, descs []v1.Descriptor) error {
	tag := digestTag(digest)
	known, err := j.target.manifest(ctx, tag)
	if err != nil && !isAbsent(err) {
		return err
	}
	index := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex}
	if err == nil {
		if err := json.Unmarshal(known.raw, &index); err != nil {
			return j.target.wrap("", invalid(err))
		}
	}
	index.Manifests = unique(append(index.Manifests, descs...))
	raw, err := json.Marshal(index)
	if err != nil {
		return err
	}
	m, err := newManifest(raw, string(types.OCIImageIndex), "")
	if err != nil {
		return err
	}
	_, err = j.target.put(ctx, m, tag)
	return err
}

// isRefused tells whether a registry said that it has no such thing, or will not say.
func isRefused(err error) bool { return isAbsent(err) || isRefusal(err) }

// referrers lists the manifests whose subject is a digest. Where the API is missing, they
// are in an index under a tag.
func (s *session) referrers(ctx context.Context, digest string) ([]v1.Descriptor, error) {
	resp, err := s.do(ctx, http.MethodGet, "referrers", digest)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	err = transport.CheckError(resp, http.StatusOK)
	if err == nil && !strings.HasPrefix(resp.Header.Get("Content-Type"), string(types.OCIImageIndex)) {
		err = &transport.Error{StatusCode: http.StatusNotFound} // it has taken the path for something else
	}
	if isRefusal(err) {
		m, err := s.manifest(ctx, digestTag(digest))
		if isRefusal(err) {
			return nil, nil
		}
		return m.entries(), err
	}
	if err != nil {
		return nil, err
	}
	var index v1.IndexManifest
	if err := json.NewDecoder(http.MaxBytesReader(nil, resp.Body, manifestLimit)).Decode(&index); err != nil {
		return nil, fmt.Errorf("the list of referrers: %w", err)
	}
	return index.Manifests, nil
}

// entries are the manifests that an index lists.
func (m manifest) entries() []v1.Descriptor {
	var refs references
	if json.Unmarshal(m.raw, &refs) != nil {
		return nil
	}
	return refs.manifests()
}
