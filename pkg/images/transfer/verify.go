package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/lanes"
)

// Verify finds out whether the targets of a plan are what they should be: the digest of
// the plan or, if it has none, that of the source. Every manifest is read again, and every
// blob is asked for or, if deep, read and hashed. Nothing is written.
func (r *Registries) Verify(ctx context.Context, plan images.Plan, opts Options, deep bool) images.Verification {
	if opts.Jobs <= 0 {
		opts.Jobs = defaultJobs
	}
	if opts.Observer == nil {
		opts.Observer = nobody{}
	}
	run := newRun(r, opts, len(plan.Copies))
	stop := context.AfterFunc(ctx, run.lanes.Flush)
	defer stop()
	v := &verifier{run: run, deep: deep}
	checks := make([]images.Check, len(plan.Copies))
	var group sync.WaitGroup
	for i, c := range plan.Copies {
		group.Go(func() { checks[i] = v.image(ctx, c, i) })
	}
	group.Wait()
	return images.Verification{Checks: checks}
}

// verifier checks images. What several of them share is checked once for a repository.
type verifier struct {
	run   *run
	deep  bool
	blobs flights[string] // what is wrong with a blob, by repository and digest
}

func (v *verifier) image(ctx context.Context, c images.Copy, rank int) images.Check {
	t := &tracker{copy: c, observer: v.run.opts.Observer, attempts: 1, paused: func() {}}
	check := images.Check{Source: c.Source, Target: c.Written(), Kind: c.Kind}
	j, err := v.run.job(c, rank, t)
	if err == nil {
		ctx := context.WithValue(ctx, trackerKey{}, t)
		err = v.check(ctx, j, &check)
	}
	outcome := images.Present
	if err != nil {
		check.Finding, check.Class, check.Error = images.Unknown, Classify(err), err.Error()
	}
	if check.Finding != images.Verified {
		outcome = images.Failed
		err = errors.Join(err, &refusalError{msg: string(check.Finding)})
	}
	t.finish(outcome, check.Digest, err)
	return check
}

func (v *verifier) check(ctx context.Context, j *job, check *images.Check) error {
	goal, err := j.wanted(ctx)
	if err != nil {
		return err
	}
	check.Expected = goal.digest
	check.Digest, err = j.existing(ctx)
	switch {
	case err != nil:
		return err
	case check.Digest == "":
		check.Finding = images.Missing
		return nil
	case goal.whole != nil && check.Digest == goal.whole.digest:
		check.Expected = check.Digest
	case check.Digest != goal.digest:
		check.Finding = images.Different
		return nil
	}
	w := &walk{verifier: v, job: j}
	if err := w.manifest(ctx, v1.Descriptor{}, check.Digest, 1); err != nil {
		return err
	}
	check.Problems = w.sorted()
	check.Finding = images.Verified
	if len(check.Problems) > 0 {
		check.Finding = images.Incomplete
	}
	return nil
}

// walk goes through what an image consists of at the target.
type walk struct {
	*verifier
	job *job

	mu       sync.Mutex
	problems []images.Problem
}

func (w *walk) problem(part, digest, detail string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.problems = append(w.problems, images.Problem{Part: part, Digest: digest, Detail: detail})
}

func (w *walk) sorted() []images.Problem {
	slices.SortFunc(w.problems, func(a, b images.Problem) int { return strings.Compare(b.Part+a.Digest, a.Part+b.Digest) })
	return slices.Compact(w.problems)
}

func (w *walk) manifest(ctx context.Context, desc v1.Descriptor, digest string, depth int) error {
	m, err := w.job.target.manifest(ctx, digest)
	var other *digestError
	switch {
	case isAbsent(err):
		w.problem("manifest", digest, strings.TrimSpace("missing "+platformOf(desc)))
		return nil
	case errors.As(err, &other):
		w.problem("manifest", digest, other.Error())
		return nil
	case err != nil:
		return err
	}
	var refs references
	invalid := json.Unmarshal(m.raw, &refs)
	if invalid != nil || depth > deepest {
		w.problem("manifest", digest, "it is not valid")
		return nil //nolint:nilerr // it is what was looked for
	}
	var group sync.WaitGroup
	var mu sync.Mutex
	var failed error
	note := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		failed = errors.Join(failed, err)
	}
	for _, child := range refs.manifests() {
		if w.leftOut(child) {
			continue
		}
		group.Go(func() { note(w.manifest(ctx, child, child.Digest.String(), depth+1)) })
	}
	for _, blob := range unique(refs.blobs()) {
		group.Go(func() { note(w.blob(ctx, blob)) })
	}
	group.Wait()
	return failed
}

// leftOut tells whether a platform is not expected to be there.
func (w *walk) leftOut(desc v1.Descriptor) bool {
	wanted := w.run.opts.Platforms
	return len(wanted) > 0 && (desc.Platform == nil ||
		!slices.ContainsFunc(wanted, func(p v1.Platform) bool { return matches(*desc.Platform, p) }))
}

func platformOf(desc v1.Descriptor) string {
	if desc.Platform == nil {
		return ""
	}
	return "(" + desc.Platform.String() + ")"
}

func (w *walk) blob(ctx context.Context, desc v1.Descriptor) error {
	detail, err := w.blobs.do(ctx, w.job.target.name()+"@"+desc.Digest.String(), func() (string, error) { return w.look(ctx, desc) })
	if detail != "" {
		w.problem("blob", desc.Digest.String(), detail)
	}
	return err
}

// look returns what is wrong with a blob.
func (w *walk) look(ctx context.Context, desc v1.Descriptor) (detail string, err error) {
	size := int64(0)
	if w.deep {
		size = desc.Size
	}
	task := lanes.Task{Hosts: []string{w.job.target.lane()}, Size: size}
	if size > smallBlob {
		task.Lane = lanes.Bulk
	}
	err = w.run.r.retry.do(ctx, w.job.tracker.waiting, func(ctx context.Context) error {
		release, err := w.run.lanes.Acquire(ctx, task)
		if err != nil {
			return err
		}
		defer release()
		detail, err = w.lookOnce(ctx, desc)
		return err
	})
	return detail, err
}

func (w *walk) lookOnce(ctx context.Context, desc v1.Descriptor) (string, error) {
	if !w.deep {
		there, err := w.job.target.holds(ctx, desc)
		if err == nil && !there {
			return "missing", nil
		}
		return "", err
	}
	content, err := w.job.target.open(ctx, desc, 0)
	if err == nil {
		defer content.Close()
		_, err = io.Copy(io.Discard, content)
	}
	var other *digestError
	var damaged *damagedError
	switch {
	case isAbsent(err):
		return "missing", nil
	case errors.As(err, &other):
		return other.Error(), nil
	case errors.As(err, &damaged):
		return damaged.Error(), nil
	default:
		return "", err
	}
}
