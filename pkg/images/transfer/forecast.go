package transfer

import (
	"context"
	"errors"
	"sync"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/progress"
)

// Forecast asks both ends of each copy of a plan what a copy would do: the image is verified
// if it would be left alone, missing if it is new to the target, different if another image
// is there, and unknown if one of the ends could not be asked. Nothing is written, and blobs
// are not looked at.
func (r *Registries) Forecast(ctx context.Context, plan images.Plan, opts Options) (images.Verification, error) {
	run := r.newRun(opts)
	stop := context.AfterFunc(ctx, run.scheduler.Flush)
	defer stop()
	if err := run.prepare(ctx, plan); err != nil {
		return images.Verification{}, err
	}
	checks := make([]images.Check, len(plan.Copies))
	var group sync.WaitGroup
	for i, c := range plan.Copies {
		group.Go(func() { checks[i] = run.forecast(ctx, c) })
	}
	group.Wait()
	return images.Verification{Checks: checks}, ctx.Err()
}

func (run *run) forecast(ctx context.Context, c images.Copy) images.Check {
	t := progress.New(c, run.opts.Observer, nil)
	check := images.Check{Source: c.Source, Target: c.Written(), Also: c.Also, Kind: c.Kind}
	from, to, err := run.open(c, t)
	if err == nil {
		image := run.compare.Pair(c, from, to, t)
		goal, there, cause := image.Compare(ctx)
		err = cause
		check.Expected, check.Digest, check.Moved = goal.Digest, there, image.Moved
		if err == nil && there == "" {
			check.Digest, err = image.Existing(ctx)
		}
		switch {
		case there != "":
			check.Finding = images.Verified
		case check.Digest != "":
			check.Finding = images.Different
		default:
			check.Finding = images.Missing
		}
	}
	if err != nil {
		check.Finding, check.Class, check.Error, check.Cause = images.Unknown, failure.Classify(err), err.Error(), failure.Cause(err)
	}
	t.Finish(images.Present, check.Digest, err)
	return check
}

// Unreachable returns an error if nothing is known of any image, and all for one reason.
func Unreachable(v images.Verification) error {
	if len(v.Checks) == 0 {
		return nil
	}
	for _, check := range v.Checks {
		if check.Finding != images.Unknown || check.Cause != v.Checks[0].Cause {
			return nil
		}
	}
	return errors.New(v.Checks[0].Error)
}
