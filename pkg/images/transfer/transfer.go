// Package transfer carries out plans: it copies images between registries and archives,
// verifies them, and repairs what is broken. Registries and archives are storages to it;
// how blobs get to their places is known in blobs, what an image is at both ends in
// compare, and what happens at once in scheduler. It must not know where a plan comes from,
// how it is printed, or Kubernetes.
//
// A run reads the manifest trees of all images at once. Each blob is then moved once, to
// one repository of the target, and mounted into the others. An image is committed as
// soon as its blobs are there, children first and the tag last.
package transfer

import (
	"context"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/verify"
)

// Options say how a plan is carried out.
type Options struct {
	// Jobs is a measure of how much happens at once: twice as many large blobs, and four
	// times as many small requests, for each registry. It is 8 if it is not positive.
	Jobs int

	// Platforms are the platforms of multi-platform images to copy; none means all,
	// and only then does the digest of an index stay what it is. An image that is
	// not an index is copied whatever its platform, as skopeo and crane do.
	Platforms []v1.Platform

	From *Archive // where the sources are, nil for registries
	Into *Archive // where the targets go, nil for registries

	Since *Archive // what Into need not hold, because this archive does

	NoReferrers bool // leave signatures and what else refers to an image

	// AllowDigestChange lets Platforms change the digest of an image that is referred to
	// by digest.
	AllowDigestChange bool

	Observer Observer // nil: nobody

	// repair is what was found out about each image of the plan: every part of them is
	// looked at, even if the digest is what it should be. It is nil for a copy.
	repair []images.Check
}

// Verify finds out whether the targets of a plan are what they should be: the digest of
// the plan or, if it has none, that of the source. Every manifest is read again, and every
// blob is asked for or, if deep, read and hashed. Nothing is written.
func (r *Registries) Verify(ctx context.Context, plan images.Plan, opts Options, deep bool) images.Verification {
	run := r.newRun(opts)
	stop := context.AfterFunc(ctx, run.scheduler.Flush)
	defer stop()
	v := &verify.Verifier{
		Compare: run.compare, Open: run.open, Scheduler: run.scheduler, Retry: r.Retries(), Observer: opts.Observer, Deep: deep,
	}
	checks := make([]images.Check, len(plan.Copies))
	var group sync.WaitGroup
	for i, c := range plan.Copies {
		group.Go(func() { checks[i] = v.Image(ctx, c) })
	}
	group.Wait()
	return images.Verification{Checks: checks}
}
