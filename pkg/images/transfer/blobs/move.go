package blobs

import (
	"context"
	"errors"
	"io"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/counted"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/scheduler"
)

// errUnwanted is the error of a blob that no image needs any more.
var errUnwanted = errors.New("the images that need it have failed")

// move puts a blob into a repository.
type move struct {
	need   *Need
	from   storage.Source
	place  string // repository that may have the blob; "": none
	task   scheduler.Task
	pushed storage.Pushed // result of the last attempt
	err    error          // error of the last attempt
}

// bring returns the move of a blob from its source to its home.
func (b *Blobs) bring(need *Need) *move {
	m := &move{need: need, from: need.image.Source, task: taskFor(need.blob.desc, need.image.Source, need.image.Target)}
	if places := b.places[key{need.image.Target.Location().Registry, need.blob.desc.Digest.String()}]; len(places) > 0 {
		m.place = slices.Min(places)
	}
	return m
}

// mount returns the move of a blob from its home to another repository. If the registry
// cannot mount the blob, the move reads it from its home and uploads it.
func (b *Blobs) mount(need *Need) *move {
	home := need.blob.home
	return &move{need: need, from: home, place: home.Location().Name, task: scheduler.TaskFor(0, need.image.Target.Location().Queue)}
}

func taskFor(desc v1.Descriptor, from storage.Source, to storage.Target) scheduler.Task {
	return scheduler.TaskFor(desc.Size, from.Location().Queue, to.Location().Queue)
}

// start makes an attempt when the scheduler has a slot, and further attempts after
// transient failures, each with a slot of its own. At the end, it calls ended.
func (b *Blobs) start(ctx context.Context, m *move, attempt int, ended func()) {
	b.scheduler.Go(m.task, func() { m.attempt(ctx, b) }, func() {
		again, err := b.retry.Again(ctx, attempt, m.err, m.need.image.progress.Waiting)
		if again {
			b.start(ctx, m, attempt+1, ended)
			return
		}
		m.err = err
		defer ended()
		b.account(m)
		b.record(m)
	})
}

// attempt makes one attempt.
func (m *move) attempt(ctx context.Context, b *Blobs) {
	switch {
	case ctx.Err() != nil:
		m.err = ctx.Err()
	case b.unwanted(m.need):
		m.err = errUnwanted
	default:
		m.pushed, m.err = b.rate.push(ctx, m.need.blob.desc, m.from, m.need.image.Target, m.place, m.need.image.progress)
	}
}

// push puts a blob into a target, by a mount or with the content of a source. place is only
// a hint.
func (r *Rate) push(ctx context.Context, desc v1.Descriptor, from storage.Source, to storage.Target, place string, p Progress) (storage.Pushed, error) {
	if place == to.Location().Name {
		place = ""
	}
	return to.Push(ctx, desc, place, func(ctx context.Context, offset int64) (io.ReadCloser, error) {
		content, err := from.Open(ctx, desc, offset, p.Waiting)
		if err != nil {
			return nil, err
		}
		return &counted.Body{ReadCloser: r.limit(ctx, content), Count: p.Sent}, nil
	})
}

// Bring copies one blob from a source to a target, outside of the plan.
func (b *Blobs) Bring(ctx context.Context, from storage.Source, to storage.Target, desc v1.Descriptor, p Progress) error {
	return b.retry.Do(ctx, p.Waiting, func(ctx context.Context) error {
		return b.scheduler.Do(ctx, taskFor(desc, from, to), func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			_, err := b.rate.push(ctx, desc, from, to, "", p)
			return err
		})
	})
}

// account reports the result of a move.
func (b *Blobs) account(m *move) {
	size := m.need.blob.desc.Size
	if m.err == nil && m.pushed == storage.Mounted {
		m.need.image.progress.Mount(size)
	}
	if m.err == nil && m.pushed == storage.Uploaded {
		return
	}
	b.mu.Lock()
	atHome := m.need.blob.state == atHome
	b.mu.Unlock()
	if !atHome { // the blob needs no upload any more
		b.observer.Saved(size)
	}
}

// record records the result of a move.
func (b *Blobs) record(m *move) {
	b.mu.Lock()
	defer b.mu.Unlock()
	moved := m.need.blob
	switch {
	case moved.state == atHome: // it was a mount
	case errors.Is(m.err, errUnwanted):
		moved.state = released
	case m.err == nil:
		moved.home, moved.state = m.need.image.Target, atHome
	default:
		moved.failed[m.need.image.Source.Location().Name] = m.err
		moved.state = released
	}
	m.need.finish(m.err)
	b.next(moved)
}

// unwanted reports whether no image waits for a blob any more. The next image that needs
// the blob starts a new move.
func (b *Blobs) unwanted(need *Need) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if slices.ContainsFunc(need.images, func(i *Set) bool { return !i.failed.Load() }) {
		return false
	}
	delete(need.blob.needs, need.image.Target.Location().Name)
	return true
}
