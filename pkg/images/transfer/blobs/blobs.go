// Package blobs copies the blobs of a run to their targets. It decides to which repository
// a blob is copied first, into which repositories it is then mounted, and when. It must not
// know manifests, nor when an image is complete, nor how sources and targets are
// implemented.
package blobs

import (
	"cmp"
	"context"
	"slices"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/progress"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/scheduler"
)

// Blobs are the blobs of one run. A blob is copied to a registry once, to one repository,
// its home, and is mounted from the home into the other repositories.
type Blobs struct {
	scheduler *scheduler.Scheduler
	retry     retry.Policy
	observer  progress.Observer
	rate      *Rate // nil: no limit

	mu     sync.Mutex
	blobs  map[key]*blob
	places map[key][]string // repositories that had a blob before the run
	reason error            // error with which every blob fails; nil: none
	ready  []*move          // moves to be started

	wake   chan struct{} // signals that ready has changed
	closed chan struct{}
}

// key is a blob in a registry.
type key struct{ registry, digest string }

// blob is a blob in a registry. It waits until an image that needs it is released, is then
// copied to its home, and then mounted into other repositories.
type blob struct {
	desc   v1.Descriptor
	state  state
	needs  map[string]*Need // by repository
	queue  []*Need          // needs without a move
	home   storage.Target   // repository of the blob, in state atHome
	failed map[string]error // by source
}

// state is the progress of a blob.
type state int

const (
	waiting  state = iota // must not be copied yet
	released              // may be copied; no move is in progress
	moving                // being copied to its home
	atHome                // can be mounted from its home
)

// Need is a blob in a repository. Several images may wait for it.
type Need struct {
	blob   *blob
	image  *Set // the first image that needs the blob
	images []*Set
	done   chan struct{}
	err    error
}

// New returns the blobs of a run. o may be nil, and so may limit.
func New(s *scheduler.Scheduler, p retry.Policy, o progress.Observer, limit *Rate) *Blobs {
	return &Blobs{
		scheduler: s, retry: p, observer: progress.OrNobody(o), rate: limit, blobs: map[key]*blob{}, places: map[key][]string{},
		wake: make(chan struct{}, 1), closed: make(chan struct{}),
	}
}

// Run copies blobs when they may be copied, until Close was called and the last move has
// ended.
func (b *Blobs) Run(ctx context.Context) {
	var moves sync.WaitGroup
	defer moves.Wait()
	for {
		select {
		case <-b.closed:
			return
		case <-b.wake:
		}
		for _, m := range b.takeReady() {
			moves.Add(1)
			b.start(ctx, m, 1, moves.Done)
		}
	}
}

// Close ends Run. It must be called once.
func (b *Blobs) Close() { close(b.closed) }

// Need registers that an image needs a blob.
func (b *Blobs) Need(i *Set, desc v1.Descriptor) *Need {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := i.Target.Location()
	k := key{at.Registry, desc.Digest.String()}
	wanted, ok := b.blobs[k]
	if !ok {
		wanted = &blob{desc: desc, needs: map[string]*Need{}, failed: map[string]error{}}
		b.blobs[k] = wanted
		b.observer.Planned(desc.Size)
	}
	i.blobs = append(i.blobs, wanted)
	need, ok := wanted.needs[at.Name]
	if ok {
		need.images = append(need.images, i)
		return need
	}
	need = &Need{blob: wanted, image: i, images: []*Set{i}, done: make(chan struct{})}
	wanted.needs[at.Name] = need
	wanted.queue = append(wanted.queue, need)
	if i.released {
		wanted.release()
	}
	b.next(wanted)
	return need
}

// Known registers blobs that a repository has.
func (b *Blobs) Known(at storage.Location, blobs []v1.Descriptor) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, desc := range blobs {
		k := key{at.Registry, desc.Digest.String()}
		b.places[k] = append(b.places[k], at.Name)
	}
}

// Missing returns the number of bytes that the targets lack. Each blob is counted once.
func (b *Blobs) Missing(ctx context.Context) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var bytes int64
	for _, wanted := range b.blobs {
		for _, need := range wanted.needs {
			there, err := need.image.Target.Exists(ctx, wanted.desc)
			if err != nil {
				return 0, err
			}
			if !there {
				bytes += wanted.desc.Size
			}
			break // other repositories mount the blob
		}
	}
	return bytes, nil
}

// refuse fails all blobs, if reason is not nil.
func (b *Blobs) refuse(reason error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reason = reason
}

// release allows the blobs of an image to be copied.
func (b *Blobs) release(i *Set) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i.released = true
	for _, wanted := range i.blobs {
		if wanted.state != waiting {
			continue
		}
		wanted.release()
		slices.SortFunc(wanted.queue, func(x, y *Need) int { return x.image.rank - y.image.rank })
		b.next(wanted)
	}
}

func (w *blob) release() {
	if w.state == waiting {
		w.state = released
	}
}

// next adds the next moves of a blob to ready: the copy to its home, or its mounts.
func (b *Blobs) next(wanted *blob) {
	for len(wanted.queue) > 0 && (wanted.state == released || wanted.state == atHome) {
		need := wanted.queue[0]
		wanted.queue = wanted.queue[1:]
		failed, ok := wanted.failed[need.image.Source.Location().Name]
		switch {
		case b.reason != nil:
			need.finish(b.reason)
		case wanted.state == atHome:
			b.add(b.mount(need))
		case ok:
			need.finish(failed)
		default:
			wanted.state = moving
			b.add(b.bring(need))
		}
	}
}

func (b *Blobs) add(m *move) {
	b.ready = append(b.ready, m)
	select {
	case b.wake <- struct{}{}:
	default: // a move is in progress
	}
}

func (b *Blobs) takeReady() []*move {
	b.mu.Lock()
	defer b.mu.Unlock()
	ready := b.ready
	b.ready = nil
	return ready
}

func (n *Need) finish(err error) {
	n.err = err
	close(n.done)
}

// Await waits until all blobs are complete, or one has failed.
func Await(ctx context.Context, needs []*Need) error {
	var first error
	for _, need := range needs {
		select {
		case <-ctx.Done():
			return cmp.Or(first, ctx.Err())
		case <-need.done:
			first = cmp.Or(first, need.err)
		}
		if first != nil {
			return first
		}
	}
	return nil
}
