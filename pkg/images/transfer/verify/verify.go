// Package verify checks whether targets have the expected content. It writes nothing.
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
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/compare"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/progress"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/scheduler"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/memo"
)

// Verifier checks images. Content that several images share is checked once per location.
type Verifier struct {
	Compare   *compare.Run
	Open      func(images.Copy, storage.Progress) (storage.Source, storage.Target, error) // opens source and target of an image
	Scheduler *scheduler.Scheduler
	Retry     retry.Policy
	Observer  progress.Observer // nil: none
	Deep      bool              // read and hash all content

	blobs memo.Group[damage] // results of checks of blobs, by location and digest
}

// Image checks one image.
func (v *Verifier) Image(ctx context.Context, c images.Copy) images.Check {
	t := progress.New(c, v.Observer, nil)
	check := images.Check{Source: c.Source, Target: c.Written(), Also: c.Also, Kind: c.Kind}
	from, to, err := v.Open(c, t)
	if err == nil {
		w := &walk{Verifier: v, image: v.Compare.Pair(c, from, to, t), progress: t, seen: map[v1.Hash]bool{}}
		err = w.check(ctx, &check)
		check.Moved = w.image.Moved
	}
	outcome := images.Present
	if err != nil {
		check.Finding, check.Class, check.Error, check.Cause = images.Unknown, failure.Classify(err), err.Error(), failure.Cause(err)
	}
	if check.Finding != images.Verified {
		outcome = images.Failed
		err = errors.Join(err, &failure.RejectedError{Msg: string(check.Finding)})
	}
	t.Finish(outcome, check.Digest, err)
	return check
}

func (w *walk) check(ctx context.Context, check *images.Check) error {
	goal, untold := w.image.Wanted(ctx)
	check.Expected, check.SourceDigest = goal.Digest, goal.SourceDigest()
	var err error
	check.Digest, err = w.image.Existing(ctx)
	switch {
	case err != nil:
		return errors.Join(untold, err)
	case check.Digest == "":
		check.Finding = images.Missing
		return nil
	case untold != nil:
		return w.alone(ctx, check, untold)
	case goal.Unfiltered != nil && check.Digest == goal.Unfiltered.Digest:
		check.Expected = check.Digest
	case check.Digest != goal.Digest:
		check.Finding = images.Different
		return nil
	}
	for _, place := range w.image.Unlisted() {
		w.problem("place", check.Digest, damage{detail: "second place not recorded: " + place})
	}
	if err := w.all(ctx, check.Digest); err != nil {
		return err
	}
	check.Problems = w.sorted()
	check.Finding = images.Verified
	if len(check.Problems) > 0 {
		check.Finding = images.Incomplete
	}
	return nil
}

// alone checks an image at the target without its source: the finding is incomplete, or
// the digest cannot be compared.
func (w *walk) alone(ctx context.Context, check *images.Check, untold error) error {
	refs, err := w.read(ctx, v1.Descriptor{}, check.Digest)
	if err == nil && refs != nil {
		err = w.parts(ctx, *refs, 1)
	}
	if err != nil {
		return errors.Join(untold, err)
	}
	if check.Problems = w.sorted(); len(check.Problems) > 0 {
		check.Finding = images.Incomplete
		return nil
	}
	check.Uncompared = true
	return untold
}

// damage is the finding about a blob; an empty detail means no finding.
type damage struct {
	detail string
	other  bool // the content is wrong
}

// walk checks the manifests and blobs of one image at the target.
type walk struct {
	*Verifier
	image    *compare.Pair
	progress *progress.Tracker

	mu       sync.Mutex
	problems []images.Problem
	seen     map[v1.Hash]bool // manifests; several indexes may list one
}

// first reports whether a manifest was not seen before.
func (w *walk) first(digest v1.Hash) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	known := w.seen[digest]
	w.seen[digest] = true
	return !known
}

// all checks the image and its referrers. If the plan has a digest, the source is not used,
// because it may be unreachable; then the referrers at the source are unknown and not
// checked.
func (w *walk) all(ctx context.Context, digest string) error {
	refs, err := w.read(ctx, v1.Descriptor{}, digest)
	if err != nil || refs == nil {
		return err
	}
	if err := w.parts(ctx, *refs, 1); err != nil || w.image.Plan.Digest != "" {
		return err
	}
	var platforms []string
	for _, child := range w.expected(*refs) {
		platforms = append(platforms, child.Digest.String())
	}
	return w.referrers(ctx, digest, platforms)
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

// manifest checks a manifest and its content.
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

// read reads a manifest at the target. It returns nil, and records the problem, if the
// manifest is missing or damaged.
func (w *walk) read(ctx context.Context, desc v1.Descriptor, digest string) (*oci.References, error) {
	m, err := w.image.Target.Manifest(ctx, digest)
	var other *failure.DigestError
	switch {
	case failure.IsNotFound(err):
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
		return nil, nil //nolint:nilerr // a finding, not a failure
	}
	return &refs, nil
}

// parts checks the content of a manifest.
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

// expected returns the manifests of an index that the target should have.
func (w *walk) expected(refs oci.References) []v1.Descriptor {
	wanted := w.Compare.Platforms
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
	found, err := w.blobs.Do(ctx, w.image.Target.Location().Name+"@"+desc.Digest.String(), func() (damage, error) { return w.look(ctx, desc) })
	if found.detail != "" {
		w.problem("blob", desc.Digest.String(), found)
	}
	return err
}

// look returns the finding about a blob.
func (w *walk) look(ctx context.Context, desc v1.Descriptor) (found damage, err error) {
	size := int64(0)
	if w.Deep {
		size = desc.Size
	}
	task := scheduler.TaskFor(size, w.image.Target.Location().Queue)
	err = w.Retry.Do(ctx, w.progress.Waiting, func(ctx context.Context) error {
		return w.Scheduler.Do(ctx, task, func() (err error) {
			found, err = w.lookOnce(ctx, desc)
			return err
		})
	})
	return found, err
}

func (w *walk) lookOnce(ctx context.Context, desc v1.Descriptor) (damage, error) {
	if !w.Deep {
		there, err := w.image.Target.Exists(ctx, desc)
		if err == nil && !there {
			return damage{detail: "missing"}, nil
		}
		return damage{}, err
	}
	err := storage.Read(ctx, w.image.Target, desc, w.progress.Waiting)
	var other *failure.DigestError
	var damaged *failure.DamagedError
	switch {
	case failure.IsNotFound(err):
		return damage{detail: "missing"}, nil
	case errors.As(err, &other):
		return damage{other.Error(), true}, nil
	case errors.As(err, &damaged):
		return damage{damaged.Error(), true}, nil
	default:
		return damage{}, err
	}
}
