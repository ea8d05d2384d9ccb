package transfer

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/lanes"
)

// smallBlob is up to which size a blob goes in the lane of small requests.
const smallBlob = 256 << 10

// moves are the blobs of one run. Each is brought to a registry once, into one
// repository, its home, and mounted from there into the others that want it.
type moves struct {
	run *run

	mu     sync.Mutex
	blobs  map[blobKey]*blob
	places map[blobKey][]string // repositories that have a blob, from before
}

type blobKey struct{ pool, digest string }

// blob is a blob in a registry.
type blob struct {
	desc   v1.Descriptor
	needs  map[string]*need // by repository
	queue  []*need          // those that nothing was done for yet
	begun  bool
	home   target // where it is for sure, nil before
	moving bool
	failed map[string]error // by source
}

// need is a blob in a repository. Several images may wait for it.
type need struct {
	blob  *blob
	job   *job // the first that wants it
	jobs  []*job
	start func(lanes.Task, func(context.Context, func()) error)
	done  chan struct{}
	err   error
}

func newMoves(run *run) *moves {
	return &moves{run: run, blobs: map[blobKey]*blob{}, places: map[blobKey][]string{}}
}

// need says that an image wants a blob.
func (m *moves) need(ctx context.Context, j *job, desc v1.Descriptor) *need {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := blobKey{j.target.pool(), desc.Digest.String()}
	b, ok := m.blobs[key]
	if !ok {
		b = &blob{desc: desc, needs: map[string]*need{}, failed: map[string]error{}}
		m.blobs[key] = b
		m.run.opts.Observer.Planned(desc.Size)
	}
	j.blobs = append(j.blobs, b)
	w, ok := b.needs[j.target.name()]
	if ok {
		w.jobs = append(w.jobs, j)
		return w
	}
	w = &need{blob: b, job: j, jobs: []*job{j}, done: make(chan struct{})}
	w.start = func(t lanes.Task, carry func(context.Context, func()) error) {
		m.run.tasks.Add(1)
		m.run.lanes.Go(t, func(release func()) {
			defer m.run.tasks.Done()
			m.settle(w, carry(ctx, release))
		})
	}
	b.needs[j.target.name()] = w
	b.queue = append(b.queue, w)
	if j.released {
		b.begun = true
	}
	m.next(b)
	return w
}

// known says that a repository has blobs.
func (m *moves) known(t target, blobs []v1.Descriptor) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, desc := range blobs {
		key := blobKey{t.pool(), desc.Digest.String()}
		m.places[key] = append(m.places[key], t.name())
	}
}

// release lets the blobs of an image move.
func (m *moves) release(j *job) {
	m.mu.Lock()
	defer m.mu.Unlock()
	j.released = true
	for _, b := range j.blobs {
		if b.begun {
			continue
		}
		b.begun = true
		slices.SortFunc(b.queue, func(x, y *need) int { return x.job.rank - y.job.rank })
		m.next(b)
	}
}

// next starts what can be done for a blob now: bringing it home, or mounting it.
func (m *moves) next(b *blob) {
	if b.moving || !b.begun {
		return
	}
	for len(b.queue) > 0 {
		w := b.queue[0]
		b.queue = b.queue[1:]
		if err, ok := b.failed[w.job.source.name()]; ok && b.home == nil {
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
func (m *moves) bring(w *need) {
	w.blob.moving = true
	from := ""
	if places := m.places[blobKey{w.job.target.pool(), w.blob.desc.Digest.String()}]; len(places) > 0 {
		from = slices.Min(places)
	}
	w.start(taskOf(w, w.job.source), func(ctx context.Context, release func()) error {
		return m.run.carry(ctx, w, w.job.source, from, release)
	})
}

// mount makes a blob that is at home appear in another repository. If the registry
// cannot do that, it is read from its home and written again.
func (m *moves) mount(w *need) {
	home := w.blob.home
	w.start(lanes.Task{Hosts: []string{w.job.target.lane()}}, func(ctx context.Context, release func()) error {
		return m.run.carry(ctx, w, home, home.name(), release)
	})
}

func taskOf(w *need, from source) lanes.Task {
	t := lanes.Task{Hosts: []string{from.lane(), w.job.target.lane()}, Lane: lanes.Bulk, Size: w.blob.desc.Size}
	if t.Size <= smallBlob {
		t.Lane = lanes.Small
	}
	return t
}

// saved says that a blob need not be brought home any more.
func (m *moves) saved(w *need) {
	m.mu.Lock()
	home := w.blob.home != nil
	m.mu.Unlock()
	if !home {
		m.run.opts.Observer.Saved(w.blob.desc.Size)
	}
}

// settle notes what became of a need.
func (m *moves) settle(w *need, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := w.blob
	switch {
	case b.home != nil: // it was a mount
	case errors.Is(err, errUnwanted):
		b.moving = false
	case err == nil:
		b.home, b.moving = w.job.target, false
	default:
		b.failed[w.job.source.name()], b.moving = err, false
	}
	w.finish(err)
	m.next(b)
}

func (w *need) finish(err error) {
	w.err = err
	close(w.done)
}

// idle tells whether nobody waits any more. Then the next who wants it begins anew.
func (m *moves) idle(w *need) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if slices.ContainsFunc(w.jobs, func(j *job) bool { return !j.failed.Load() }) {
		return false
	}
	delete(w.blob.needs, w.job.target.name())
	return true
}

// await waits until all blobs are there, or one cannot be.
func await(ctx context.Context, needs []*need) error {
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
