// Package blobs brings the blobs of one run to their targets: which blob goes where first,
// where it is mounted from then on, and when it may begin. It must not know manifests, nor
// when an image is complete, nor what sources and targets are.
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

// Blobs are the blobs of one run. Each is brought to a registry once, into one repository,
// its home, and mounted from there into the others that want it.
type Blobs struct {
	scheduler *scheduler.Scheduler
	retry     retry.Policy
	observer  progress.Observer

	mu     sync.Mutex
	blobs  map[key]*blob
	places map[key][]string // repositories that have a blob, from before
	reason error            // why nothing may move, nil if it may
	ready  []*move          // those that are to be started

	wake   chan struct{} // something is ready
	closed chan struct{}
}

// key is a blob in a registry.
type key struct{ registry, digest string }

// blob is a blob in a registry. It is waiting until it is released; then it is moved to its
// first repository, and, once it is at home there, mounted into the others.
type blob struct {
	desc   v1.Descriptor
	state  state
	needs  map[string]*Need // by repository
	queue  []*Need          // those that nothing was done for yet
	home   storage.Target   // where it is, in the state atHome
	failed map[string]error // by source
}

// state is how far a blob has come.
type state int

const (
	waiting  state = iota // it may not move yet
	released              // it may, and nobody moves it
	moving                // it is on its way to its home
	atHome                // it can be mounted from there
)

// Need is a blob in a repository. Several images may wait for it.
type Need struct {
	blob   *blob
	image  *Image // the first that wants it
	images []*Image
	done   chan struct{}
	err    error
}

// New returns the blobs of one run. o may be nil.
func New(s *scheduler.Scheduler, p retry.Policy, o progress.Observer) *Blobs {
	return &Blobs{
		scheduler: s, retry: p, observer: progress.OrNobody(o), blobs: map[key]*blob{}, places: map[key][]string{},
		wake: make(chan struct{}, 1), closed: make(chan struct{}),
	}
}

// Run moves blobs as soon as they may move, until Close is called. It returns when nothing
// moves any more.
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

// Need says that an image wants a blob.
func (b *Blobs) Need(i *Image, desc v1.Descriptor) *Need {
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
	need = &Need{blob: wanted, image: i, images: []*Image{i}, done: make(chan struct{})}
	wanted.needs[at.Name] = need
	wanted.queue = append(wanted.queue, need)
	if i.released {
		wanted.release()
	}
	b.next(wanted)
	return need
}

// Known says that a repository has blobs.
func (b *Blobs) Known(at storage.Location, blobs []v1.Descriptor) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, desc := range blobs {
		k := key{at.Registry, desc.Digest.String()}
		b.places[k] = append(b.places[k], at.Name)
	}
}

// Missing counts the bytes that are not at their targets yet, each blob once.
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
			break // the others are mounted
		}
	}
	return bytes, nil
}

// refuse lets nothing move any more if there is a reason.
func (b *Blobs) refuse(reason error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reason = reason
}

// release lets the blobs of an image move.
func (b *Blobs) release(i *Image) {
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

// next makes ready what can be done for a blob now: bringing it home, or mounting it.
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
	default: // it is told already
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

// Await waits until all blobs are there, or one cannot be.
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
