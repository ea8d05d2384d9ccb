package blobs

import (
	"slices"
	"sync"
)

// Planning decides when blobs may be copied. Two facts must be known first: which images
// the target has, because blobs can be mounted from these, and which image of the plan is
// the first that needs a blob, because that image's repository becomes the home of the
// blob. Therefore images are released in the order of the plan, each when it and all images
// before it are resolved. An interrupted run and its repetition choose the same homes.
type Planning struct {
	blobs *Blobs
	ready func(present []*Set, then func()) // called when the images at the target are known

	mu       sync.Mutex
	images   []*Set
	compared []bool
	resolved []bool
	unknown  int // images that are not compared yet
	next     int // the first image that is not resolved
	open     bool
	admit    func() error // nil: images need not wait for all others
}

// NewPlanning returns the planning for n images. ready receives the images that the target
// has, starts to read their blobs, and returns. Once these are read, then must be called.
func NewPlanning(n int, blobs *Blobs, ready func([]*Set, func())) *Planning {
	return &Planning{
		blobs: blobs, ready: ready,
		images: make([]*Set, n), compared: make([]bool, n), resolved: make([]bool, n), unknown: n,
	}
}

// Compared records whether the target has an image: there is its digest at the target, or
// "".
func (p *Planning) Compared(i *Set, there string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i.There = there
	p.note(i)
}

func (p *Planning) note(i *Set) {
	if p.compared[i.rank] {
		return
	}
	p.compared[i.rank], p.images[i.rank] = true, i
	if p.unknown--; p.unknown > 0 {
		return
	}
	var present []*Set
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

// Resolved records that the needs of an image are known, or that planning must not wait for
// it. It may be called repeatedly.
func (p *Planning) Resolved(i *Set) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.note(i)
	if !p.resolved[i.rank] {
		p.blobs.observer.Resolved()
	}
	p.resolved[i.rank] = true
	p.release()
}

// Admit holds all blobs back until the needs of all images are known, and then calls admit.
// An error of admit fails all images. Admit must be called before the first image is
// compared.
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
