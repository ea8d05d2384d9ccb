// Package scheduler limits concurrency. Each host has two queues: one for large blobs, the
// largest first, and one for small requests, in order of arrival, so that small requests
// never wait for large blobs. A host that answers "too many requests" gets a lower limit,
// and regains it with every success. The package must not know requests, nor registries.
package scheduler

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// Task is a unit of work that needs a slot on each of its hosts.
type Task struct {
	Hosts []string
	Queue Queue
	Size  int64 // bytes; larger tasks start first in the queue of large blobs

	start func() // called without the lock; must not block
	order uint64
	index int // in its group; -1 after the task has left it
}

// Scheduler assigns slots to tasks. It is safe for concurrent use.
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

// Do waits for a slot and does the work. It returns the context's error if ctx is done
// before.
func (s *Scheduler) Do(ctx context.Context, t Task, work func() error) error {
	if err := s.acquire(ctx, &t); err != nil {
		return err
	}
	defer s.release(&t)
	return work()
}

// Go does the work in a goroutine of its own when a slot is free. It calls done after the
// slot was released.
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

// acquire waits for a slot. On error, the task has no slot.
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

// Flush starts all waiting and all later tasks without limits. It is for the end of a run,
// when tasks return at once.
func (s *Scheduler) Flush() {
	s.mu.Lock()
	s.flushed = true
	starts := s.dispatch()
	s.mu.Unlock()
	run(starts)
}

// SlowDown halves the limits of a host, and starts no task on the host before a time.
func (s *Scheduler) SlowDown(name string, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.host(name)
	now := time.Now()
	if now.Sub(h.slowed) >= slowEvery { // answers to concurrent requests count as one reduction
		h.share, h.slowed = max(h.share/2, leastShare), now
	}
	if until.After(h.quiet) {
		h.quiet = until
		time.AfterFunc(until.Sub(now), s.wake)
	}
}

// Succeeded records a successful request to a host.
func (s *Scheduler) Succeeded(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.host(name); h.share < 1 {
		h.share = min(1, h.share+recovery)
	}
}

// Limit returns the current concurrency of a queue of a host.
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

// withdraw removes a task that has not started.
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

// dispatch removes the tasks that may start from the groups, in their order.
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
