package blobs

import (
	"slices"
	"sync"
)

// Planning says when blobs may move. Two things must be known before: which images are
// there already, because blobs can be mounted from those, and which of the images that
// want a blob is the first in the plan, because its repository becomes the home of the
// blob. So the images are released in the order of the plan, each as soon as it and all
// before it are resolved; and a run that was killed chooses the same homes again.
type Planning struct {
	blobs *Blobs
	ready func(present []*Image, then func()) // called once it is known what is there

	mu       sync.Mutex
	images   []*Image
	compared []bool
	resolved []bool
	unknown  int // images that are not compared
	next     int // the first image that is not resolved
	open     bool
	admit    func() error // nil: images need not wait for all others
}

// NewPlanning returns the planning for a number of images. ready finds out what those that
// are there consist of, and calls then once that is known.
func NewPlanning(n int, blobs *Blobs, ready func([]*Image, func())) *Planning {
	return &Planning{
		blobs: blobs, ready: ready,
		images: make([]*Image, n), compared: make([]bool, n), resolved: make([]bool, n), unknown: n,
	}
}

// Compared says that it is known whether an image is there: with the digest there, or not if
// that is empty.
func (p *Planning) Compared(i *Image, there string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i.There = there
	p.note(i)
}

func (p *Planning) note(i *Image) {
	if p.compared[i.rank] {
		return
	}
	p.compared[i.rank], p.images[i.rank] = true, i
	if p.unknown--; p.unknown > 0 {
		return
	}
	var present []*Image
	for _, i := range p.images {
		if i.There != "" {
			present = append(present, i)
		}
	}
	p.ready(present, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.open = true
		p.release()
	})
}

// Resolved says that it is known what an image needs, or that planning shall not wait for
// it. It may be called again.
func (p *Planning) Resolved(i *Image) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.note(i)
	p.resolved[i.rank] = true
	p.release()
}

// Admit lets nothing move before it is known what all images need, and then only if the
// function returns no error: else all images fail with that. It must be called before the
// first image is compared.
func (p *Planning) Admit(admit func() error) { p.admit = admit }

func (p *Planning) release() {
	if p.admit != nil {
		if !p.open || slices.Contains(p.resolved, false) {
			return
		}
		p.blobs.refuse(p.admit())
		p.admit = nil
	}
	for p.open && p.next < len(p.images) && p.resolved[p.next] {
		p.blobs.release(p.images[p.next])
		p.next++
	}
}
