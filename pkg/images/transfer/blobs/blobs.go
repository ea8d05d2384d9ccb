// Package blobs brings the blobs of one run to their targets: which blob goes where first,
// where it is mounted from then on, and when it may begin. It must not know manifests, nor
// when an image is complete.
package blobs

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/progress"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/scheduler"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/storage"
)

// Moves are the blobs of one run. Each is brought to a registry once, into one
// repository, its home, and mounted from there into the others that want it.
type Moves struct {
	gate     *storage.Gate
	observer progress.Observer
	tasks    sync.WaitGroup

	mu     sync.Mutex
	blobs  map[blobKey]*blob
	places map[blobKey][]string // repositories that have a blob, from before
	reason error                // why nothing may move, nil if it may
}

// Image is an image whose blobs are moved.
type Image struct {
	source storage.Source
	Target storage.Target
	rank   int // in the plan

	There  string      // the digest that the target had from the beginning; guarded by planning
	failed atomic.Bool // nothing is needed for it any more

	blobs    []*blob // what it needs; guarded by moves
	released bool    // they may move; guarded by moves
}

// NewImage returns an image with its place in the plan.
func NewImage(from storage.Source, to storage.Target, rank int) *Image {
	return &Image{source: from, Target: to, rank: rank}
}

// From says where the image is read after all, before anything is needed for it.
func (i *Image) From(source storage.Source) { i.source = source }

// Fail says that nothing is needed for the image any more.
func (i *Image) Fail() { i.failed.Store(true) }

type blobKey struct{ pool, digest string }

// blob is a blob in a registry.
type blob struct {
	desc   v1.Descriptor
	needs  map[string]*Need // by repository
	queue  []*Need          // those that nothing was done for yet
	begun  bool
	home   storage.Target // where it is for sure, nil before
	moving bool
	failed map[string]error // by source
}

// Need is a blob in a repository. Several images may wait for it.
type Need struct {
	blob   *blob
	image  *Image // the first that wants it
	images []*Image
	start  func(scheduler.Task, func(context.Context, func()) error)
	done   chan struct{}
	err    error
}

// New returns the moves of one run. o may be nil.
func New(g *storage.Gate, o progress.Observer) *Moves {
	return &Moves{gate: g, observer: progress.OrNobody(o), blobs: map[blobKey]*blob{}, places: map[blobKey][]string{}}
}

// Need says that an image wants a blob.
func (m *Moves) Need(ctx context.Context, i *Image, desc v1.Descriptor) *Need {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := blobKey{i.Target.Pool(), desc.Digest.String()}
	b, ok := m.blobs[key]
	if !ok {
		b = &blob{desc: desc, needs: map[string]*Need{}, failed: map[string]error{}}
		m.blobs[key] = b
		m.observer.Planned(desc.Size)
	}
	i.blobs = append(i.blobs, b)
	w, ok := b.needs[i.Target.Name()]
	if ok {
		w.images = append(w.images, i)
		return w
	}
	w = &Need{blob: b, image: i, images: []*Image{i}, done: make(chan struct{})}
	w.start = func(t scheduler.Task, carry func(context.Context, func()) error) {
		m.tasks.Add(1)
		m.gate.Lanes.Go(t, func(release func()) {
			defer m.tasks.Done()
			m.settle(w, carry(ctx, release))
		})
	}
	b.needs[i.Target.Name()] = w
	b.queue = append(b.queue, w)
	if i.released {
		b.begun = true
	}
	m.next(b)
	return w
}

// Known says that a repository has blobs.
func (m *Moves) Known(t storage.Target, blobs []v1.Descriptor) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, desc := range blobs {
		key := blobKey{t.Pool(), desc.Digest.String()}
		m.places[key] = append(m.places[key], t.Name())
	}
}

// Missing counts the bytes that are not at their targets yet, each blob once.
func (m *Moves) Missing(ctx context.Context) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var bytes int64
	for _, b := range m.blobs {
		for _, w := range b.needs {
			there, err := w.image.Target.Holds(ctx, b.desc)
			if err != nil {
				return 0, err
			}
			if !there {
				bytes += b.desc.Size
			}
			break // the others are mounted
		}
	}
	return bytes, nil
}

// refuse lets nothing move any more if there is a reason.
func (m *Moves) refuse(reason error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reason = reason
}

// release lets the blobs of an image move.
func (m *Moves) release(i *Image) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i.released = true
	for _, b := range i.blobs {
		if b.begun {
			continue
		}
		b.begun = true
		slices.SortFunc(b.queue, func(x, y *Need) int { return x.image.rank - y.image.rank })
		m.next(b)
	}
}

// next starts what can be done for a blob now: bringing it home, or mounting it.
func (m *Moves) next(b *blob) {
	if b.moving || !b.begun {
		return
	}
	for len(b.queue) > 0 {
		w := b.queue[0]
		b.queue = b.queue[1:]
		if m.reason != nil {
			w.finish(m.reason)
			continue
		}
		if err, ok := b.failed[w.image.source.Name()]; ok && b.home == nil {
			w.finish(err)
			continue
		}
		if b.home == nil {
			m.bring(w)
			return
		}
		m.mount(w)
	}
}

// bring moves a blob from its source to its home.
func (m *Moves) bring(w *Need) {
	w.blob.moving = true
	from := ""
	if places := m.places[blobKey{w.image.Target.Pool(), w.blob.desc.Digest.String()}]; len(places) > 0 {
		from = slices.Min(places)
	}
	w.start(storage.TaskFor(w.blob.desc.Size, w.image.source, w.image.Target), func(ctx context.Context, release func()) error {
		return m.carry(ctx, w, w.image.source, from, release)
	})
}

// mount makes a blob that is at home appear in another repository. If the registry
// cannot do that, it is read from its home and written again.
func (m *Moves) mount(w *Need) {
	home := w.blob.home
	w.start(storage.TaskFor(0, w.image.Target), func(ctx context.Context, release func()) error {
		return m.carry(ctx, w, home, home.Name(), release)
	})
}

// saved says that a blob need not be brought home any more.
func (m *Moves) saved(w *Need) {
	m.mu.Lock()
	home := w.blob.home != nil
	m.mu.Unlock()
	if !home {
		m.observer.Saved(w.blob.desc.Size)
	}
}

// settle notes what became of a need.
func (m *Moves) settle(w *Need, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := w.blob
	switch {
	case b.home != nil: // it was a mount
	case errors.Is(err, errUnwanted):
		b.moving = false
	case err == nil:
		b.home, b.moving = w.image.Target, false
	default:
		b.failed[w.image.source.Name()], b.moving = err, false
	}
	w.finish(err)
	m.next(b)
}

func (w *Need) finish(err error) {
	w.err = err
	close(w.done)
}

// idle tells whether nobody waits any more. Then the next who wants it begins anew.
func (m *Moves) idle(w *Need) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if slices.ContainsFunc(w.images, func(i *Image) bool { return !i.failed.Load() }) {
		return false
	}
	delete(w.blob.needs, w.image.Target.Name())
	return true
}

// Await waits until all blobs are there, or one cannot be.
func Await(ctx context.Context, needs []*Need) error {
	var first error
	for _, w := range needs {
		select {
		case <-ctx.Done():
			return cmp.Or(first, ctx.Err())
		case <-w.done:
			first = cmp.Or(first, w.err)
		}
		if first != nil {
			return first
		}
	}
	return nil
}

// Aside does something beside the images.
func (m *Moves) Aside(f func()) { m.tasks.Go(f) }

// Wait waits for all that goes on beside the images.
func (m *Moves) Wait() { m.tasks.Wait() }
