// Package scheduler says how much happens at once. Each host has two queues: one for large
// blobs, in which the largest goes first, and one for small requests, first come, first
// served, so that they never wait behind a layer. A host that is asked for too much gets
// less, and recovers with every success. The package knows neither requests nor
// registries.
package scheduler

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// Task is something that wants a place on its hosts.
type Task struct {
	Hosts []string
	Queue Queue
	Size  int64 // bytes; the larger go first in the queue of large blobs

	start func() // called without the lock; must not block
	order uint64
	index int // in its group, -1 once it has left
}

// Scheduler gives out places. It is safe for concurrent use.
type Scheduler struct {
	limits Limits

	mu      sync.Mutex
	hosts   map[string]*host
	groups  map[string]*group
	order   uint64
	flushed bool
}

// New returns a scheduler with the same limits for every host.
func New(limits Limits) *Scheduler {
	return &Scheduler{limits: limits, hosts: map[string]*host{}, groups: map[string]*group{}}
}

// Do waits for a place, and does the work in it. It returns the context's error if that
// ends first.
func (s *Scheduler) Do(ctx context.Context, t Task, work func() error) error {
	if err := s.acquire(ctx, &t); err != nil {
		return err
	}
	defer s.release(&t)
	return work()
}

// Go does the work in a goroutine of its own as soon as there is a place. Once it has given
// that back, it calls done.
func (s *Scheduler) Go(t Task, work, done func()) {
	t.start = func() {
		go func() {
			func() {
				defer s.release(&t)
				work()
			}()
			done()
		}()
	}
	s.add(&t)
}

// acquire waits for a place. There is none if it fails.
func (s *Scheduler) acquire(ctx context.Context, t *Task) error {
	ready := make(chan struct{})
	t.start = func() { close(ready) }
	s.add(t)
	select {
	case <-ready:
		return nil
	case <-ctx.Done():
	}
	if !s.withdraw(t) {
		<-ready
		s.release(t)
	}
	return ctx.Err()
}

// Flush lets everything go at once, what waits and what will come. It is for the end,
// when tasks do nothing any more.
func (s *Scheduler) Flush() {
	s.mu.Lock()
	s.flushed = true
	starts := s.dispatch()
	s.mu.Unlock()
	run(starts)
}

// SlowDown halves what a host gets, and keeps it quiet until a time.
func (s *Scheduler) SlowDown(name string, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.host(name)
	now := time.Now()
	if now.Sub(h.slowed) >= slowEvery { // the answers to requests that were under way count as one
		h.share, h.slowed = max(h.share/2, leastShare), now
	}
	if until.After(h.quiet) {
		h.quiet = until
		time.AfterFunc(until.Sub(now), s.wake)
	}
}

// Succeeded notes that a host has done what was asked.
func (s *Scheduler) Succeeded(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.host(name); h.share < 1 {
		h.share = min(1, h.share+recovery)
	}
}

// Limit is how many tasks of a queue a host has at once now.
func (s *Scheduler) Limit(name string, queue Queue) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.host(name).limit(s.limits, queue)
}

func (s *Scheduler) add(t *Task) {
	s.mu.Lock()
	s.order++
	t.order = s.order
	heap.Push(s.group(t), t)
	starts := s.dispatch()
	s.mu.Unlock()
	run(starts)
}

func (s *Scheduler) release(t *Task) {
	s.mu.Lock()
	for _, name := range t.Hosts {
		s.host(name).running[t.Queue]--
	}
	starts := s.dispatch()
	s.mu.Unlock()
	run(starts)
}

// withdraw takes a task back that has not started.
func (s *Scheduler) withdraw(t *Task) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.index < 0 {
		return false
	}
	heap.Remove(s.group(t), t.index)
	return true
}

func (s *Scheduler) wake() {
	s.mu.Lock()
	starts := s.dispatch()
	s.mu.Unlock()
	run(starts)
}

// dispatch takes what may start, in its order, out of the groups.
func (s *Scheduler) dispatch() []func() {
	var starts []func()
	now := time.Now()
	for {
		var best *group
		for _, g := range s.groups {
			if g.Len() > 0 && s.free(g, now) && (best == nil || before(g.tasks[0], best.tasks[0])) {
				best = g
			}
		}
		if best == nil {
			return starts
		}
		t := heap.Pop(best).(*Task)
		for _, name := range t.Hosts {
			s.host(name).running[t.Queue]++
		}
		starts = append(starts, t.start)
	}
}

func (s *Scheduler) free(g *group, now time.Time) bool {
	if s.flushed {
		return true
	}
	for _, h := range g.hosts {
		if h.quiet.After(now) || h.running[g.queue] >= h.limit(s.limits, g.queue) {
			return false
		}
	}
	return true
}

func run(starts []func()) {
	for _, start := range starts {
		start()
	}
}
