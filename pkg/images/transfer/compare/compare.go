// Package compare looks at an image at its source and at its target: what the target
// should become, what it has, and what refers to the image. It writes nothing, and must not
// know what source and target are.
package compare

import (
	"cmp"
	"context"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/memo"
)

// Image is an image at its source and at its target.
type Image struct {
	Plan   images.Copy
	Source storage.Source
	Target storage.Target
	Moved  *images.Move // where the source is, nil if it is where its reference says

	Progress Progress
	run      *Run
}

// Progress is told what is found out about an image.
type Progress interface {
	storage.Progress
	// Moved is called when the image is gone from its source, with where it is.
	Moved(m images.Move)
}

// Run is what the images of one run share: what of them is wanted, and the manifests that
// were read.
type Run struct {
	Platforms   []v1.Platform // of multi-platform images; none means all
	NoReferrers bool          // leave what refers to images

	// Elsewhere opens the source of an image that is gone from where its reference says, with
	// the digest that it must have ("" for any), where it has moved to. gone is what its own
	// place has answered, and the error if there is no such place. nil: nothing moves.
	Elsewhere func(ctx context.Context, i *Image, digest string, gone error) (storage.Source, images.Move, error)

	manifests memo.Group[oci.Manifest] // of sources and targets, by location and digest
}

// Image returns an image of the run.
func (r *Run) Image(plan images.Copy, source storage.Source, target storage.Target, p Progress) *Image {
	return &Image{Plan: plan, Source: source, Target: target, Progress: p, run: r}
}

// Goal is what the target should become.
type Goal struct {
	Digest     string        // of what is written
	Root       *oci.Manifest // if it had to be read
	Unfiltered *oci.Manifest // what the source has, if root lacks some of its platforms
}

// Compare returns what the target should become, and its digest if it is that already.
// Both ends are asked at once.
func (i *Image) Compare(ctx context.Context) (goal Goal, there string, err error) {
	goal, there, err = i.compare(ctx)
	if target, ok := i.Target.(noting); ok && !target.Noted() {
		there = ""
	}
	return goal, there, err
}

// noting is a target that notes what an image is, and its second places: an archive.
type noting interface {
	// Noted tells whether it has noted all of that.
	Noted() bool
	// Unlisted are the second places that it has not noted.
	Unlisted() []string
}

// Unlisted are the second places of the image that the target should note, and does not.
func (i *Image) Unlisted() []string {
	if target, ok := i.Target.(noting); ok {
		return target.Unlisted()
	}
	return nil
}

func (i *Image) compare(ctx context.Context) (goal Goal, there string, err error) {
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

// Wanted returns what the target should become: what the plan says if it says so, else
// what the source has now. If platforms are left out, the index must be read for that.
func (i *Image) Wanted(ctx context.Context) (Goal, error) {
	goal, err := i.wanted(ctx)
	if err == nil {
		return goal, nil
	}
	if err := i.relocate(ctx, err); err != nil {
		return goal, err
	}
	return i.wanted(ctx)
}

func (i *Image) wanted(ctx context.Context) (Goal, error) {
	if len(i.run.Platforms) > 0 {
		return i.filtered(ctx)
	}
	if pinned := i.pinned(); pinned != "" {
		return Goal{Digest: pinned}, nil
	}
	digest, err := i.Source.Resolve(ctx, i.Plan.Source.Version())
	return Goal{Digest: digest}, err
}

// pinned is the digest that the source must have, "" if any will do.
func (i *Image) pinned() string { return cmp.Or(i.Plan.Digest, i.Plan.Source.Digest) }

// Existing returns the digest that the target has under its tag, "" if there is none.
func (i *Image) Existing(ctx context.Context) (string, error) {
	digest, err := i.Target.Resolve(ctx, i.Plan.Target.PushTag())
	if failure.IsNotFound(err) {
		return "", nil
	}
	return digest, err
}

// Read returns the tree of manifests with the digest, whose root may be known.
func (i *Image) Read(ctx context.Context, digest string, root *oci.Manifest) (*oci.Node, error) {
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

// manifest reads a manifest of the source, which other tags may share.
func (i *Image) manifest(ctx context.Context, digest string) (oci.Manifest, error) {
	return i.run.Manifest(ctx, i.Source, digest)
}

// Manifest reads a manifest, once for all who want it.
func (r *Run) Manifest(ctx context.Context, from storage.Source, digest string) (oci.Manifest, error) {
	return r.manifests.Do(ctx, from.Location().Name+"@"+digest, func() (oci.Manifest, error) { return from.Manifest(ctx, digest) })
}
