// Package compare looks at an image at its source and at its target: what the target should
// become, what it has, and what hangs on the image. It writes nothing.
package compare

import (
	"cmp"
	"context"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive/layout"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/storage"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/memo"
)

// Pair is an image at its source and at its target.
type Pair struct {
	Plan   images.Copy
	Source storage.Source
	Target storage.Target
	Moved  *images.Move // where the source is, nil if it is where its reference says
	reach  *Reach
}

// Reach says how the two sides of the images of a run are reached, and what of them is
// wanted.
type Reach struct {
	Registries *registry.Registries
	Gate       *storage.Gate
	From, Into *layout.Archive // nil for registries
	Since      *storage.Since  // what Into need not hold, nil if it must hold everything

	Platforms   []v1.Platform // of multi-platform images; none means all
	NoReferrers bool          // leave what hangs on images

	reads memo.Group[oci.Manifest] // manifests of sources and targets, by repository and digest
}

// Pair returns both sides of an image.
func (r *Reach) Pair(c images.Copy) (*Pair, error) {
	p := &Pair{Plan: c, reach: r}
	if r.From != nil {
		p.Source = storage.NewArchived(r.From, c.Source)
	} else {
		from, err := r.Registries.Source(c.Source)
		if err != nil {
			return p, err
		}
		p.Source = storage.NewHosted(from, r.Gate)
	}
	if r.Into != nil {
		p.Target = storage.NewWritten(r.Into, c, r.Since)
		return p, nil
	}
	to, err := r.Registries.Target(c.Target)
	p.Target = storage.NewHosted(to, r.Gate)
	return p, err
}

// Goal is what the target should become.
type Goal struct {
	Digest string        // of what is written
	Root   *oci.Manifest // if it had to be read
	Whole  *oci.Manifest // what the source has, if root lacks some of its platforms
}

// Compare returns what the target should become, and its digest if it is that already.
// Both sides are asked at once.
func (p *Pair) Compare(ctx context.Context) (goal Goal, there string, err error) {
	goal, there, err = p.compare(ctx)
	if archive, ok := p.Target.(noting); ok && !archive.Noted() {
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
func (p *Pair) Unlisted() []string {
	if archive, ok := p.Target.(noting); ok {
		return archive.Unlisted()
	}
	return nil
}

func (p *Pair) compare(ctx context.Context) (goal Goal, there string, err error) {
	var group sync.WaitGroup
	var have string
	var missing error
	group.Go(func() { goal, err = p.Wanted(ctx) })
	group.Go(func() { have, missing = p.Existing(ctx) })
	group.Wait()
	switch {
	case err != nil:
		return goal, "", err
	case have == goal.Digest:
		return goal, have, missing
	case missing == nil && goal.Whole != nil && have == goal.Whole.Digest:
		holds, err := p.holds(ctx, goal.Root)
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
func (p *Pair) Wanted(ctx context.Context) (Goal, error) {
	goal, err := p.wanted(ctx)
	if err == nil {
		return goal, nil
	}
	if err := p.relocate(ctx, err); err != nil {
		return goal, err
	}
	return p.wanted(ctx)
}

func (p *Pair) wanted(ctx context.Context) (Goal, error) {
	if len(p.reach.Platforms) > 0 {
		return p.filtered(ctx)
	}
	if pinned := p.pinned(); pinned != "" {
		return Goal{Digest: pinned}, nil
	}
	digest, err := p.Source.Digest(ctx, p.Plan.Source.Version())
	return Goal{Digest: digest}, err
}

// pinned is the digest that the source must have, "" if any will do.
func (p *Pair) pinned() string { return cmp.Or(p.Plan.Digest, p.Plan.Source.Digest) }

// Existing returns the digest that the target has under its tag, "" if there is none.
func (p *Pair) Existing(ctx context.Context) (string, error) {
	digest, err := p.Target.Digest(ctx, p.Plan.Target.PushTag())
	if failure.IsAbsent(err) {
		return "", nil
	}
	return digest, err
}

// Read returns the tree of manifests with the digest, whose root may be known.
func (p *Pair) Read(ctx context.Context, digest string, root *oci.Manifest) (*oci.Node, error) {
	if root == nil {
		m, err := p.manifest(ctx, digest)
		if err != nil && digest == p.pinned() {
			if err = p.relocate(ctx, err); err == nil {
				m, err = p.manifest(ctx, digest)
			}
		}
		if err != nil {
			return nil, err
		}
		root = &m
	}
	tree, err := oci.Expand(ctx, *root, p.manifest)
	return tree, p.Source.Wrap("", err)
}

// Manifest reads a manifest of the source, which other tags may share.
func (p *Pair) manifest(ctx context.Context, digest string) (oci.Manifest, error) {
	return p.reach.Manifest(ctx, p.Source, digest)
}

// Manifest reads a manifest of one side, once for all who want it.
func (r *Reach) Manifest(ctx context.Context, side storage.Source, digest string) (oci.Manifest, error) {
	return r.reads.Do(ctx, side.Name()+"@"+digest, func() (oci.Manifest, error) { return side.Manifest(ctx, digest) })
}
