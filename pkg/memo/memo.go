// Package memo does what several want at once only once. It knows nothing of what is done.
package memo

import (
	"context"
	"sync"
)

// Group does things once, for all who want them.
type Group[T any] struct {
	mu sync.Mutex
	m  map[string]*entry[T]
}

type entry[T any] struct {
	done  chan struct{}
	value T
	err   error
}

// Do returns what another one has got for a key, or gets it. A failure is not kept. Those
// who wait for another one stop when their context ends.
func (g *Group[T]) Do(ctx context.Context, key string, get func() (T, error)) (T, error) {
	return g.do(ctx.Done(), func() error { return ctx.Err() }, key, get)
}

// Get is Do for what is got soon: those who want the same wait for it, whatever happens.
func (g *Group[T]) Get(key string, get func() (T, error)) (T, error) {
	return g.do(nil, nil, key, get)
}

func (g *Group[T]) do(stopped <-chan struct{}, why func() error, key string, get func() (T, error)) (T, error) {
	for {
		e, mine := g.entry(key)
		if mine {
			return g.fill(key, e, get)
		}
		select {
		case <-stopped:
			var none T
			return none, why()
		case <-e.done:
		}
		if e.err == nil {
			return e.value, nil
		}
	}
}

// entry returns the entry of a key, and whether it is new and to be filled.
func (g *Group[T]) entry(key string) (e *entry[T], mine bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.m == nil {
		g.m = map[string]*entry[T]{}
	}
	e, ok := g.m[key]
	if !ok {
		e = &entry[T]{done: make(chan struct{})}
		g.m[key] = e
	}
	return e, !ok
}

// fill gets the value of an entry, and forgets the entry if that fails.
func (g *Group[T]) fill(key string, e *entry[T], get func() (T, error)) (T, error) {
	e.value, e.err = get()
	if e.err != nil {
		g.mu.Lock()
		delete(g.m, key)
		g.mu.Unlock()
	}
	close(e.done)
	return e.value, e.err
}
