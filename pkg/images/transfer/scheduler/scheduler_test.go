package scheduler

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// crowd counts what runs at once.
type crowd struct {
	mu           sync.Mutex
	running, top int
	order        []int64
}

func (c *crowd) work(d time.Duration, size int64) func(func()) {
	return func(release func()) {
		defer release()
		c.mu.Lock()
		c.running++
		c.top = max(c.top, c.running)
		c.order = append(c.order, size)
		c.mu.Unlock()
		time.Sleep(d)
		c.mu.Lock()
		c.running--
		c.mu.Unlock()
	}
}

// pass lets time pass, and what happens in it happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// seen is what ran so far, in its order.
func (c *crowd) seen() []int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.order)
}

func TestLargestFirstWithinTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := New(Limits{Small: 2, Bulk: 1}), &crowd{}
		for _, size := range []int64{1, 5, 3, 9, 7} {
			s.Go(Task{Hosts: []string{"a", "b"}, Lane: Bulk, Size: size}, c.work(time.Second, size))
		}
		pass(10 * time.Second)
		if want := []int64{1, 9, 7, 5, 3}; c.top != 1 || !slices.Equal(c.seen(), want) {
			t.Errorf("%d at once, in the order %v; want 1, %v", c.top, c.order, want)
		}
	})
}

func TestSmallRequestsDoNotWaitBehindBulk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := New(Limits{Small: 1, Bulk: 1}), &crowd{}
		s.Go(Task{Hosts: []string{"a"}, Lane: Bulk}, c.work(time.Hour, 0))
		release, err := s.Acquire(t.Context(), Task{Hosts: []string{"a"}})
		if err != nil {
			t.Fatal(err)
		}
		release()
		time.Sleep(2 * time.Hour)
	})
}

func TestOneSlowHostDoesNotHoldUpAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := New(Limits{Small: 1, Bulk: 2}), &crowd{}
		s.Slow("hub", time.Now().Add(40*time.Second))
		s.Go(Task{Hosts: []string{"hub", "mirror"}, Lane: Bulk, Size: 100}, c.work(time.Second, 100))
		s.Go(Task{Hosts: []string{"quay", "mirror"}, Lane: Bulk, Size: 1}, c.work(time.Second, 1))
		pass(39 * time.Second)
		if want := []int64{1}; !slices.Equal(c.seen(), want) {
			t.Errorf("after 39 s: %v, want %v", c.order, want)
		}
		pass(10 * time.Second)
		if want := []int64{1, 100}; !slices.Equal(c.seen(), want) {
			t.Errorf("after 49 s: %v, want %v", c.order, want)
		}
	})
}

func TestAHostIsSlowedDownAndRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Limits{Small: 16, Bulk: 8})
		for range 3 {
			s.Slow("a", time.Time{})
		}
		if got := s.Limit("a", Bulk); got != 4 {
			t.Errorf("answers that come together count as one: limit %d, want 4", got)
		}
		for range 20 {
			time.Sleep(2 * time.Second)
			s.Slow("a", time.Time{})
		}
		if got := s.Limit("a", Bulk); got != 1 {
			t.Errorf("limit %d, want never less than 1", got)
		}
		for range 100 {
			s.Fine("a")
		}
		if got := s.Limit("a", Bulk); got != 8 {
			t.Errorf("limit %d after 100 successes, want 8", got)
		}
	})
}

func TestAcquireEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Limits{Small: 1, Bulk: 1})
		release, err := s.Acquire(t.Context(), Task{Hosts: []string{"a"}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.Acquire(ctx, Task{Hosts: []string{"a"}}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		release()
		again, err := s.Acquire(t.Context(), Task{Hosts: []string{"a"}})
		if err != nil {
			t.Fatal(err)
		}
		again()
	})
}

func TestFlushStartsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := New(Limits{Small: 1, Bulk: 1}), &crowd{}
		for range 10 {
			s.Go(Task{Hosts: []string{"a"}, Lane: Bulk}, c.work(time.Second, 0))
		}
		s.Flush()
		pass(2 * time.Second)
		if len(c.seen()) != 10 {
			t.Errorf("%d started, want 10", len(c.order))
		}
	})
}
