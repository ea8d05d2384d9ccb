package transfer

import (
	"context"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// planning says when blobs may move. Two things must be known before: which images are
// there already, because blobs can be mounted from those, and which of the images that
// want a blob is the first in the plan, because its repository becomes the home of the
// blob. So the images are released in the order of the plan, each as soon as it and all
// before it are resolved; and a run that was killed chooses the same homes again.
type planning struct {
	moves *moves
	ready func(present []*job, then func()) // called once it is known what is there

	mu       sync.Mutex
	jobs     []*job
	compared []bool
	resolved []bool
	unknown  int // images that are not compared
	next     int // the first image that is not resolved
	open     bool
}

func newPlanning(n int, moves *moves, ready func([]*job, func())) *planning {
	return &planning{
		moves: moves, ready: ready,
		jobs: make([]*job, n), compared: make([]bool, n), resolved: make([]bool, n), unknown: n,
	}
}

// compare says that it is known whether an image is there.
func (p *planning) compare(j *job) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.note(j)
}

func (p *planning) note(j *job) {
	if p.compared[j.rank] {
		return
	}
	p.compared[j.rank], p.jobs[j.rank] = true, j
	if p.unknown--; p.unknown > 0 {
		return
	}
	var present []*job
	for _, j := range p.jobs {
		if j.present.Load() {
			present = append(present, j)
		}
	}
	p.ready(present, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.open = true
		p.release()
	})
}

// resolve says that it is known what an image needs, or that planning shall not wait for
// it. It may be called again.
func (p *planning) resolve(j *job) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.note(j)
	p.resolved[j.rank] = true
	p.release()
}

func (p *planning) release() {
	for p.open && p.next < len(p.jobs) && p.resolved[p.next] {
		p.moves.release(p.jobs[p.next])
		p.next++
	}
}

// survey finds out what the images that are there consist of, and releases the blobs.
func (run *run) survey(ctx context.Context, present []*job, then func()) {
	if len(present) < len(run.results) { // else nothing will be moved
		var group sync.WaitGroup
		for _, j := range present {
			group.Go(func() { run.moves.known(j.target, j.stored(ctx)) })
		}
		group.Wait()
	}
	then()
}

// stored are the blobs of an image that is there, as far as that can be read.
func (j *job) stored(ctx context.Context) []v1.Descriptor {
	get := func(ctx context.Context, digest string) (manifest, error) {
		m, err := j.run.reads.do(ctx, j.target.name()+"@"+digest, func() (manifest, error) { return j.target.manifest(ctx, digest) })
		if err != nil {
			return manifest{raw: []byte("{}")}, nil //nolint:nilerr // it is only a place to mount from
		}
		return m, nil
	}
	root, err := get(ctx, j.want)
	if err != nil {
		return nil
	}
	tree, err := expand(ctx, root, 1, get)
	if err != nil {
		return nil
	}
	return tree.allBlobs()
}
