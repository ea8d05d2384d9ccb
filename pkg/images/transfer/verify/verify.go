// Package verify finds out whether targets are what they should be. It writes nothing.
package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive/layout"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/compare"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/progress"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/storage"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/memo"
)

// Verifier checks images. What several of them share is checked once for a repository.
type Verifier struct {
	Reach    *compare.Reach
	Observer progress.Observer // nil: nobody
	Deep     bool              // read and hash all content

	blobs memo.Group[damage] // what is wrong with a blob, by repository and digest
}

// Image checks one image.
func (v *Verifier) Image(ctx context.Context, c images.Copy) images.Check {
	t := progress.New(c, v.Observer)
	check := images.Check{Source: c.Source, Target: c.Written(), Also: c.Also, Kind: c.Kind}
	p, err := v.Reach.Pair(c)
	if err == nil {
		err = v.check(t.In(ctx), p, &check)
	}
	check.Moved = p.Moved
	outcome := images.Present
	if err != nil {
		check.Finding, check.Class, check.Error = images.Unknown, failure.Classify(err), err.Error()
	}
	if check.Finding != images.Verified {
		outcome = images.Failed
		err = errors.Join(err, &failure.RefusalError{Msg: string(check.Finding)})
	}
	t.Finish(outcome, check.Digest, err)
	return check
}

func (v *Verifier) check(ctx context.Context, p *compare.Pair, check *images.Check) error {
	goal, err := p.Wanted(ctx)
	if err != nil {
		return err
	}
	check.Expected = goal.Digest
	check.Digest, err = p.Existing(ctx)
	switch {
	case err != nil:
		return err
	case check.Digest == "":
		check.Finding = images.Missing
		return nil
	case goal.Whole != nil && check.Digest == goal.Whole.Digest:
		check.Expected = check.Digest
	case check.Digest != goal.Digest:
		check.Finding = images.Different
		return nil
	}
	w := &walk{Verifier: v, pair: p, seen: map[v1.Hash]bool{}}
	for _, place := range p.Unlisted() {
		w.problem("place", check.Digest, damage{detail: "not noted: " + place})
	}
	if err := w.image(ctx, check.Digest); err != nil {
		return err
	}
	check.Problems = w.sorted()
	check.Finding = images.Verified
	if len(check.Problems) > 0 {
		check.Finding = images.Incomplete
	}
	return nil
}

// damage is what is wrong with a blob: nothing if the detail is empty.
type damage struct {
	detail string
	other  bool // it is there, with other content
}

// walk goes through what an image consists of at the target.
type walk struct {
	*Verifier
	pair *compare.Pair

	mu       sync.Mutex
	problems []images.Problem
	seen     map[v1.Hash]bool // manifests, which several indexes may list
}

// first tells whether a manifest was not seen before.
func (w *walk) first(digest v1.Hash) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	known := w.seen[digest]
	w.seen[digest] = true
	return !known
}

// image checks an image, and what hangs on it. A digest in the plan takes the place of the
// source, to which there may be no way: then nothing is known of what hangs on the image.
func (w *walk) image(ctx context.Context, digest string) error {
	refs, err := w.read(ctx, v1.Descriptor{}, digest)
	if err != nil || refs == nil {
		return err
	}
	if err := w.parts(ctx, *refs, 1); err != nil || w.pair.Plan.Digest != "" {
		return err
	}
	var platforms []string
	for _, child := range w.expected(*refs) {
		platforms = append(platforms, child.Digest.String())
	}
	return w.attachments(ctx, digest, platforms)
}

func (w *walk) problem(part, digest string, found damage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.problems = append(w.problems, images.Problem{Part: part, Digest: digest, Detail: found.detail, Damaged: found.other})
}

func (w *walk) sorted() []images.Problem {
	slices.SortFunc(w.problems, func(a, b images.Problem) int { return strings.Compare(b.Part+a.Digest, a.Part+b.Digest) })
	return slices.Compact(w.problems)
}

// manifest checks a manifest, and what it refers to.
func (w *walk) manifest(ctx context.Context, desc v1.Descriptor, digest string, depth int) error {
	if depth > oci.Deepest {
		w.problem("manifest", digest, damage{detail: fmt.Sprintf("nested deeper than %d", oci.Deepest)})
		return nil
	}
	refs, err := w.read(ctx, desc, digest)
	if err != nil || refs == nil {
		return err
	}
	return w.parts(ctx, *refs, depth)
}

// read reads a manifest at the target. It returns nil if there is something wrong with it.
func (w *walk) read(ctx context.Context, desc v1.Descriptor, digest string) (*oci.References, error) {
	m, err := w.pair.Target.Manifest(ctx, digest)
	var other *failure.DigestError
	switch {
	case failure.IsAbsent(err):
		w.problem("manifest", digest, damage{detail: strings.TrimSpace("missing " + platformOf(desc))})
		return nil, nil
	case errors.As(err, &other):
		w.problem("manifest", digest, damage{other.Error(), true})
		return nil, nil
	case err != nil:
		return nil, err
	}
	refs, err := m.References()
	if err != nil {
		w.problem("manifest", digest, damage{detail: err.Error()})
		return nil, nil //nolint:nilerr // it is what was looked for
	}
	return &refs, nil
}

// parts checks what a manifest refers to.
func (w *walk) parts(ctx context.Context, refs oci.References, depth int) error {
	var group sync.WaitGroup
	var mu sync.Mutex
	var failed error
	note := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		failed = errors.Join(failed, err)
	}
	for _, child := range w.expected(refs) {
		if !w.first(child.Digest) {
			continue
		}
		group.Go(func() { note(w.manifest(ctx, child, child.Digest.String(), depth+1)) })
	}
	for _, blob := range oci.Unique(refs.Blobs()) {
		group.Go(func() { note(w.blob(ctx, blob)) })
	}
	group.Wait()
	return failed
}

// expected are the manifests of an index that should be there.
func (w *walk) expected(refs oci.References) []v1.Descriptor {
	wanted := w.Reach.Platforms
	return slices.DeleteFunc(refs.Children(), func(desc v1.Descriptor) bool {
		return len(wanted) > 0 && (desc.Platform == nil ||
			!slices.ContainsFunc(wanted, func(p v1.Platform) bool { return oci.Matches(*desc.Platform, p) }))
	})
}

func platformOf(desc v1.Descriptor) string {
	if desc.Platform == nil {
		return ""
	}
	return "(" + desc.Platform.String() + ")"
}

func (w *walk) blob(ctx context.Context, desc v1.Descriptor) error {
	found, err := w.blobs.Do(ctx, w.pair.Target.Name()+"@"+desc.Digest.String(), func() (damage, error) { return w.look(ctx, desc) })
	if found.detail != "" {
		w.problem("blob", desc.Digest.String(), found)
	}
	return err
}

// look returns what is wrong with a blob.
func (w *walk) look(ctx context.Context, desc v1.Descriptor) (found damage, err error) {
	size := int64(0)
	if w.Deep {
		size = desc.Size
	}
	task := storage.TaskFor(size, w.pair.Target)
	err = w.Reach.Gate.Retry.Do(ctx, progress.Of(ctx).Waiting, func(ctx context.Context) error {
		release, err := w.Reach.Gate.Lanes.Acquire(ctx, task)
		if err != nil {
			return err
		}
		defer release()
		found, err = w.lookOnce(ctx, desc)
		return err
	})
	return found, err
}

func (w *walk) lookOnce(ctx context.Context, desc v1.Descriptor) (damage, error) {
	if !w.Deep {
		there, err := w.pair.Target.Holds(ctx, desc)
		if err == nil && !there {
			return damage{detail: "missing"}, nil
		}
		return damage{}, err
	}
	err := storage.Read(ctx, w.pair.Target, desc)
	var other *failure.DigestError
	var damaged *failure.DamagedError
	var saved *layout.DamagedError
	switch {
	case failure.IsAbsent(err):
		return damage{detail: "missing"}, nil
	case errors.As(err, &other):
		return damage{other.Error(), true}, nil
	case errors.As(err, &damaged):
		return damage{damaged.Error(), true}, nil
	case errors.As(err, &saved):
		return damage{saved.Error(), true}, nil
	default:
		return damage{}, err
	}
}
