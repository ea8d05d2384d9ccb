// Package memo does what several want at once only once. It knows nothing of what is done.
package memo

import (
	"context"
	"sync"
)

// Group does things once, for all who want them.
type Group[T any] struct {
	mu sync.Mutex
	m  map[string]*flight[T]
}

type flight[T any] struct {
	done  chan struct{}
	value T
	err   error
}

// Do returns what another one has got for a key, or gets it. A failure is not kept.
func (f *Group[T]) Do(ctx context.Context, key string, get func() (T, error)) (T, error) {
	for {
		f.mu.Lock()
		if f.m == nil {
			f.m = map[string]*flight[T]{}
		}
		other, ok := f.m[key]
		if !ok {
			return f.first(key, get)
		}
		f.mu.Unlock()
		select {
		case <-ctx.Done():
			return other.value, ctx.Err()
		case <-other.done:
		}
		if other.err == nil {
			return other.value, nil
		}
	}
}

// first is called with the lock, and gives it back.
func (f *Group[T]) first(key string, get func() (T, error)) (T, error) {
	mine := &flight[T]{done: make(chan struct{})}
	f.m[key] = mine
	f.mu.Unlock()
	mine.value, mine.err = get()
	if mine.err != nil {
		f.mu.Lock()
		delete(f.m, key)
		f.mu.Unlock()
	}
	close(mine.done)
	return mine.value, mine.err
}
