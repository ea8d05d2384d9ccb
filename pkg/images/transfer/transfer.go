// Package transfer executes plans: it copies images between registries and archives,
// verifies them, and repairs them. Package blobs plans the transfer of blobs, compare
// compares source and target, and scheduler limits concurrency; they use registries and
// archives only as storages. The package must not know where a plan comes from, how results
// are printed, or Kubernetes.
//
// A run reads the manifest trees of all images concurrently. It copies each blob once, to
// one repository of the target, and mounts the blob into the other repositories. When all
// blobs of an image are complete, the run writes the image's manifests: children first, the
// tag last.
package transfer

import (
	"context"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/compare"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/verify"
)

// Options configures a run.
type Options struct {
	// Jobs sets the concurrency for each registry: twice as many large blobs and four times
	// as many small requests. A number that is not positive means 8.
	Jobs int

	// Platforms are the platforms to copy of multi-platform images; empty means all. Fewer
	// platforms can change the digest of an index. An image that is not an index is copied
	// whatever its platform, as in skopeo and crane.
	Platforms []v1.Platform

	// Rate limits the blobs of the run, in bytes per second; 0: no limit.
	Rate int64

	From *Archive // archive of the sources; nil: registries
	Into *Archive // archive of the targets; nil: registries

	Since *Archive // earlier archive, whose content Into need not have

	NoReferrers bool // do not copy referrers (signatures, attestations, SBOMs)

	// AllowDigestChange allows Platforms to change the digest of an image that is referred
	// to by digest.
	AllowDigestChange bool

	Observer Observer // nil: none

	// Kept keeps the manifests of sources between runs, so that a registry counts no pull for a
	// manifest that was read before. nil: none are kept.
	Kept compare.Kept

	// dry records what a copy would do. The targets take nothing then. nil: a copy.
	dry *ledger

	// repair has the findings of a verification for each image of the plan: the content of
	// an image is checked completely, even if its digest is correct. nil: a copy.
	repair []images.Check
}

// Verify checks whether the targets of a plan have the digest of the plan or, without a
// digest in the plan, of the source. It reads every manifest, and requests every blob with
// HEAD or, if deep, reads and hashes the blob. It writes nothing.
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
