// Package memo computes a value once for several concurrent callers. It must not know the
// values.
package memo

import (
	"context"
	"sync"
)

// Group computes one value for each key.
type Group[T any] struct {
	mu sync.Mutex
	m  map[string]*entry[T]
}

type entry[T any] struct {
	done  chan struct{}
	value T
	err   error
}

// Do returns the value of a key, and computes it with get if necessary. An error is not
// stored. Callers that wait for another caller stop when their context is done.
func (g *Group[T]) Do(ctx context.Context, key string, get func() (T, error)) (T, error) {
	return g.do(ctx.Done(), func() error { return ctx.Err() }, key, get)
}

// Get is Do for values that are computed fast: callers wait without a context.
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

// entry returns the entry of a key. mine is true if the caller must fill the entry.
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

// fill computes the value of an entry, and removes the entry on error.
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
