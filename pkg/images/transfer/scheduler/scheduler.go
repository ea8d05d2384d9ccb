// Package scheduler says how much happens at once. Each host has two lanes: one for bulk,
// in which the largest task goes first, and one for small requests, first come, first
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

// Lane is the kind of a task.
type Lane int

// The lanes of a host.
const (
	Small Lane = iota
	Bulk
)

// Limits is how many tasks of a lane each host has at once.
type Limits struct {
	Small, Bulk int
}

func (l Limits) of(lane Lane) int {
	if lane == Bulk {
		return max(1, l.Bulk)
	}
	return max(1, l.Small)
}

// Task is something that wants a place on its hosts.
type Task struct {
	Hosts []string
	Lane  Lane
	Size  int64 // bytes; the larger go first in the bulk lane

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

// Acquire waits for a place, and returns the function that gives it back. It returns the
// context's error if that ends first.
func (s *Scheduler) Acquire(ctx context.Context, t Task) (release func(), err error) {
	ready := make(chan struct{})
	t.start = func() { close(ready) }
	s.add(&t)
	select {
	case <-ready:
		return func() { s.release(&t) }, nil
	case <-ctx.Done():
	}
	if s.withdraw(&t) {
		return nil, ctx.Err()
	}
	<-ready
	s.release(&t)
	return nil, ctx.Err()
}

// Go runs a function in a goroutine of its own as soon as there is a place, and hands it
// the function that gives the place back.
func (s *Scheduler) Go(t Task, run func(release func())) {
	t.start = func() { go run(func() { s.release(&t) }) }
	s.add(&t)
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

// Slow halves what a host gets, and keeps it quiet until a time.
func (s *Scheduler) Slow(name string, until time.Time) {
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

// Fine notes that a host has done what was asked.
func (s *Scheduler) Fine(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.host(name); h.share < 1 {
		h.share = min(1, h.share+recovery)
	}
}

// Limit is how many tasks of a lane a host has at once now.
func (s *Scheduler) Limit(name string, lane Lane) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.host(name).limit(s.limits, lane)
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
		s.host(name).running[t.Lane]--
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
			s.host(name).running[t.Lane]++
		}
		starts = append(starts, t.start)
	}
}

func (s *Scheduler) free(g *group, now time.Time) bool {
	if s.flushed {
		return true
	}
	for _, h := range g.hosts {
		if h.quiet.After(now) || h.running[g.lane] >= h.limit(s.limits, g.lane) {
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
