// Package compare compares an image at its source with its target: what the target should
// have, what the target has, and the referrers of the image. It writes nothing, and must
// not know how source and target are implemented.
package compare

import (
	"cmp"
	"context"
	"slices"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/memo"
)

// Pair is one image at its source and at its target.
type Pair struct {
	Plan   images.Copy
	Source storage.Source
	Target storage.Target
	Moved  *images.Move // the new repository of the image; nil if the image is not moved

	Progress Progress
	run      *Run
}

// Progress receives events of an image.
type Progress interface {
	storage.Progress
	// Moved is called when the image was found in a new repository.
	Moved(m images.Move)
}

// Run holds the options and the manifests that all images of a run share.
type Run struct {
	Platforms   []v1.Platform // of multi-platform images; empty: all
	NoReferrers bool          // ignore referrers

	// Elsewhere opens the new repository of an image that is gone from its source. digest
	// is the required digest, or "" for any. gone is the error of the original source, and
	// is returned if no new repository is known. nil: no moves are known.
	Elsewhere func(ctx context.Context, i *Pair, digest string, gone error) (storage.Source, images.Move, error)

	Kept Kept // manifests of earlier runs; nil: none

	// Read is called for each manifest of a source that was read from there, or found among
	// those of earlier runs. nil: nobody is told.
	Read func(registry string, found Reading)

	manifests memo.Group[oci.Manifest] // by location and digest
}

// Kept keeps content of sources by digest between runs. Get returns content with the right
// digest, or nil.
type Kept interface {
	Get(digest string) []byte
	Put(digest string, raw []byte)
}

// Reading describes how a manifest of a source was read.
type Reading struct {
	Kept  bool // an earlier run has kept the manifest
	Asked bool // the source was asked for the manifest, or whether it exists
	Keeps bool // the next run finds the manifest among those that are kept
	Again bool // the next run asks the source anyway, whether the manifest exists
}

// Pair returns an image of the run.
func (r *Run) Pair(plan images.Copy, source storage.Source, target storage.Target, p Progress) *Pair {
	return &Pair{Plan: plan, Source: source, Target: target, Progress: p, run: r}
}

// Goal is the content that the target should have.
type Goal struct {
	Digest     string        // digest to write
	Root       *oci.Manifest // nil if the manifest was not read
	Unfiltered *oci.Manifest // the index of the source, if Root lacks some of its platforms
}

// SourceDigest returns the digest at the source.
func (g Goal) SourceDigest() string {
	if g.Unfiltered != nil {
		return g.Unfiltered.Digest
	}
	return g.Digest
}

// Compare returns the content that the target should have, and its digest if the target has
// it already. It asks source and target concurrently.
func (i *Pair) Compare(ctx context.Context) (goal Goal, there string, err error) {
	goal, there, err = i.compare(ctx)
	if target, ok := i.Target.(noting); ok && !target.Noted() {
		there = ""
	}
	return goal, there, err
}

// noting is a target that stores the kind and the second places of an image: an archive.
type noting interface {
	// Noted reports whether kind and second places are stored.
	Noted() bool
	// Unlisted returns the second places that are not stored.
	Unlisted() []string
}

// Unlisted returns the second places of the image that an archive should store and does
// not.
func (i *Pair) Unlisted() []string {
	if target, ok := i.Target.(noting); ok {
		return target.Unlisted()
	}
	return nil
}

func (i *Pair) compare(ctx context.Context) (goal Goal, there string, err error) {
	var group sync.WaitGroup
	var have string
	var missing error
	group.Go(func() { goal, err = i.Wanted(ctx) })
	group.Go(func() { have, missing = i.Existing(ctx) })
	group.Wait()
	switch {
	case err != nil:
		return goal, "", err
	case have == goal.Digest:
		return goal, have, missing
	case missing == nil && goal.Unfiltered != nil && have == goal.Unfiltered.Digest:
		holds, err := i.holds(ctx, goal.Root)
		if holds {
			there = have
		}
		return goal, there, err
	default:
		return goal, "", missing
	}
}

// Wanted returns the content that the target should have: from the plan if the plan has a
// digest, else from the source. If only some platforms are copied, the index is read.
func (i *Pair) Wanted(ctx context.Context) (Goal, error) {
	goal, err := i.wanted(ctx)
	if err == nil {
		return goal, nil
	}
	if err := i.relocate(ctx, err); err != nil {
		return goal, err
	}
	return i.wanted(ctx)
}

func (i *Pair) wanted(ctx context.Context) (Goal, error) {
	if len(i.run.Platforms) > 0 {
		return i.filtered(ctx)
	}
	if pinned := i.pinned(); pinned != "" {
		return Goal{Digest: pinned}, nil
	}
	digest, err := i.Source.Resolve(ctx, i.Plan.Source.Version())
	return Goal{Digest: digest}, err
}

// pinned returns the required digest of the source, or "".
func (i *Pair) pinned() string { return cmp.Or(i.Plan.Digest, i.Plan.Source.Digest) }

// Existing returns the digest of the target's tag, or "".
func (i *Pair) Existing(ctx context.Context) (string, error) {
	digest, err := i.Target.Resolve(ctx, i.Plan.Target.PushTag())
	if failure.IsNotFound(err) {
		return "", nil
	}
	return digest, err
}

// Read returns the tree of manifests with a digest. root may be nil.
func (i *Pair) Read(ctx context.Context, digest string, root *oci.Manifest) (*oci.Node, error) {
	if root == nil {
		m, err := i.manifest(ctx, digest)
		if err != nil && digest == i.pinned() {
			if err = i.relocate(ctx, err); err == nil {
				m, err = i.manifest(ctx, digest)
			}
		}
		if err != nil {
			return nil, err
		}
		root = &m
	}
	tree, err := oci.Expand(ctx, *root, i.manifest)
	return tree, i.Source.Location().Wrap("", err)
}

// Manifest reads a manifest of the source, once for all tags.
func (i *Pair) Manifest(ctx context.Context, digest string) (oci.Manifest, error) {
	return i.manifest(ctx, digest)
}

func (i *Pair) manifest(ctx context.Context, digest string) (oci.Manifest, error) {
	return i.run.manifests.Do(ctx, i.Source.Location().Name+"@"+digest, func() (oci.Manifest, error) { return i.read(ctx, digest) })
}

// read reads a manifest from those of earlier runs, or from the source. A manifest that the plan
// requires must still exist at the source: an image that is gone may have a new repository.
func (i *Pair) read(ctx context.Context, digest string) (m oci.Manifest, err error) {
	how := Reading{Again: digest == i.pinned(), Asked: true}
	if m, how.Kept = i.run.kept(digest); how.Kept {
		how.Keeps, how.Asked = true, how.Again
		if how.Asked {
			_, err = i.Source.Resolve(ctx, digest)
		}
	} else if m, err = i.Source.Manifest(ctx, digest); err == nil && i.run.Kept != nil {
		i.run.Kept.Put(digest, m.Raw)
		_, how.Keeps = i.run.kept(digest)
	}
	if err == nil && i.run.Read != nil {
		i.run.Read(i.Source.Location().Registry, how)
	}
	return m, err
}

// kept returns a manifest of an earlier run.
func (r *Run) kept(digest string) (oci.Manifest, bool) {
	if r.Kept == nil {
		return oci.Manifest{}, false
	}
	raw := r.Kept.Get(digest)
	if raw == nil {
		return oci.Manifest{}, false
	}
	m, err := oci.New(raw, "", digest)
	return m, err == nil
}

// Complete reports whether earlier runs have kept a manifest and its entries.
func (r *Run) Complete(digest string) bool {
	root, ok := r.kept(digest)
	return ok && !slices.ContainsFunc(root.Entries(), func(entry v1.Descriptor) bool {
		_, ok := r.kept(entry.Digest.String())
		return !ok
	})
}

// Remembered returns the tree of manifests with a digest, if earlier runs have kept all of them.
func (r *Run) Remembered(ctx context.Context, digest string) (*oci.Node, bool) {
	get := func(_ context.Context, digest string) (oci.Manifest, error) {
		if m, ok := r.kept(digest); ok {
			return m, nil
		}
		return oci.Manifest{}, &failure.NotFoundError{Name: digest, Where: "the manifests of earlier runs"}
	}
	root, err := get(ctx, digest)
	if err != nil {
		return nil, false
	}
	tree, err := oci.Expand(ctx, root, get)
	return tree, err == nil
}

// Unread returns those of the manifests that no earlier run has kept.
func (r *Run) Unread(digests ...string) []string {
	return slices.DeleteFunc(slices.Clone(digests), func(digest string) bool {
		_, ok := r.kept(digest)
		return ok
	})
}

// Manifest reads a manifest, once for all callers.
func (r *Run) Manifest(ctx context.Context, from storage.Source, digest string) (oci.Manifest, error) {
	return r.manifests.Do(ctx, from.Location().Name+"@"+digest, func() (oci.Manifest, error) { return from.Manifest(ctx, digest) })
}
