package blobs

import (
	"context"
	"errors"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/repository"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/progress"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/storage"
)

// errUnwanted is a blob that no image waits for any more.
var errUnwanted = errors.New("the images that need it have failed")

// carry makes a blob appear in a repository: by a mount from a place that may have it,
// else from a source. release gives back the place in the lanes for the first attempt;
// the others wait for places of their own.
func (m *Moves) carry(ctx context.Context, w *Need, from storage.Source, place string, release func()) error {
	t := trip{desc: w.blob.desc, from: from, to: w.image.Target, place: place}
	err := t.travel(ctx, m.gate, release, func() bool { return !m.idle(w) })
	if err == nil && t.claim.Mounted {
		progress.Of(ctx).Mount(t.desc.Size)
	}
	if err != nil || t.claim.There {
		m.saved(w)
	}
	return err
}

// Bring moves one blob from a source to a target, beside what Moves have planned.
func Bring(ctx context.Context, g *storage.Gate, from storage.Source, to storage.Target, desc v1.Descriptor) error {
	t := trip{desc: desc, from: from, to: to}
	return t.travel(ctx, g, nil, func() bool { return true })
}

// trip is a blob on its way to a repository.
type trip struct {
	desc  v1.Descriptor
	from  storage.Source
	to    storage.Target
	place string           // a repository that may have it, "" for none
	claim repository.Claim // what was achieved
}

// travel tries until the blob is there. release gives back the place in the lanes that the
// first attempt has, and is nil if it has none.
func (t *trip) travel(ctx context.Context, g *storage.Gate, release func(), wanted func() bool) error {
	return g.Retry.Do(ctx, progress.Of(ctx).Waiting, func(ctx context.Context) (err error) {
		if release == nil {
			if release, err = g.Lanes.Acquire(ctx, storage.TaskFor(t.desc.Size, t.from, t.to)); err != nil {
				return err
			}
		}
		defer func() { release(); release = nil }()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !wanted() {
			return errUnwanted
		}
		return t.attempt(ctx)
	})
}

// attempt tries once. A place elsewhere is only a hint.
func (t *trip) attempt(ctx context.Context) (err error) {
	if t.claim.Broken {
		t.claim = t.to.Resume(ctx, t.claim)
	}
	if t.claim.Location == "" {
		place := t.place
		if place == t.to.Name() {
			place = ""
		}
		if t.claim, err = t.to.Claim(ctx, t.desc, place); err != nil {
			return err
		}
	}
	if t.claim.There {
		return nil
	}
	rest, err := t.from.Open(ctx, t.desc, t.claim.Offset)
	if err != nil {
		return err
	}
	return t.to.Store(ctx, &t.claim, t.desc, rest)
}
