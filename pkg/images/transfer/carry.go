package transfer

import (
	"context"
	"errors"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// errUnwanted is a blob that no image waits for any more.
var errUnwanted = errors.New("the images that need it have failed")

// carry makes a blob appear in a repository: by a mount from a place that may have it,
// else from a source. release gives back the place in the lanes for the first attempt;
// the others wait for places of their own.
func (run *run) carry(ctx context.Context, w *need, from source, place string, release func()) error {
	var c claim
	t := trackerOf(ctx)
	err := run.r.retry.do(ctx, t.waiting, func(ctx context.Context) (err error) {
		if release == nil {
			if release, err = run.lanes.Acquire(ctx, taskOf(w, from)); err != nil {
				return err
			}
		}
		defer func() { release(); release = nil }()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if run.moves.idle(w) {
			return errUnwanted
		}
		return w.attempt(ctx, &c, from, place)
	})
	if err == nil && c.mounted {
		t.mount(w.blob.desc.Size)
	}
	if err != nil || c.there {
		run.moves.saved(w)
	}
	return err
}

// attempt tries once. What it has achieved is in the claim.
func (w *need) attempt(ctx context.Context, c *claim, from source, place string) error {
	desc, to := w.blob.desc, w.job.target
	if c.broken {
		*c = to.resume(ctx, *c)
	}
	if c.location == "" {
		claimed, err := w.claim(ctx, desc, place)
		if err != nil {
			return err
		}
		*c = claimed
	}
	if c.there {
		return nil
	}
	rest, err := from.open(ctx, desc, c.offset)
	if err != nil {
		return err
	}
	return to.store(ctx, c, desc, rest)
}

// claim asks the repository for the blob. A place elsewhere is only a hint.
func (w *need) claim(ctx context.Context, desc v1.Descriptor, place string) (claim, error) {
	if place == w.job.target.name() {
		place = ""
	}
	return w.job.target.claim(ctx, desc, place)
}
