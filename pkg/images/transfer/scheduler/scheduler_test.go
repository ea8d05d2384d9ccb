package scheduler_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/scheduler"
)

// crowd counts concurrent tasks.
type crowd struct {
	mu           sync.Mutex
	running, top int
	order        []int64
}

func (c *crowd) work(d time.Duration, size int64) func() {
	return func() {
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

func nothing() {}

func succeed() error { return nil }

// pass lets time pass, with all events in it.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// seen returns the tasks so far, in order.
func (c *crowd) seen() []int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.order)
}

func TestLargestFirstWithinTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := scheduler.New(scheduler.Limits{Small: 2, Large: 1}), &crowd{}
		for _, size := range []int64{1, 5, 3, 9, 7} {
			s.Go(scheduler.Task{Hosts: []string{"a", "b"}, Queue: scheduler.Large, Size: size}, c.work(time.Second, size), nothing)
		}
		pass(10 * time.Second)
		if want := []int64{1, 9, 7, 5, 3}; c.top != 1 || !slices.Equal(c.seen(), want) {
			t.Errorf("%d at once, in the order %v; want 1, %v", c.top, c.order, want)
		}
	})
}

func TestSmallRequestsDoNotWaitBehindBulk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := scheduler.New(scheduler.Limits{Small: 1, Large: 1}), &crowd{}
		s.Go(scheduler.Task{Hosts: []string{"a"}, Queue: scheduler.Large}, c.work(time.Hour, 0), nothing)
		if err := s.Do(t.Context(), scheduler.Task{Hosts: []string{"a"}}, succeed); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour)
	})
}

func TestOneSlowHostDoesNotHoldUpAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := scheduler.New(scheduler.Limits{Small: 1, Large: 2}), &crowd{}
		s.SlowDown("hub", time.Now().Add(40*time.Second))
		s.Go(scheduler.Task{Hosts: []string{"hub", "mirror"}, Queue: scheduler.Large, Size: 100}, c.work(time.Second, 100), nothing)
		s.Go(scheduler.Task{Hosts: []string{"quay", "mirror"}, Queue: scheduler.Large, Size: 1}, c.work(time.Second, 1), nothing)
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
		s := scheduler.New(scheduler.Limits{Small: 16, Large: 8})
		for range 3 {
			s.SlowDown("a", time.Time{})
		}
		if got := s.Limit("a", scheduler.Large); got != 4 {
			t.Errorf("answers that come together count as one: limit %d, want 4", got)
		}
		for range 20 {
			time.Sleep(2 * time.Second)
			s.SlowDown("a", time.Time{})
		}
		if got := s.Limit("a", scheduler.Large); got != 1 {
			t.Errorf("limit %d, want never less than 1", got)
		}
		for range 100 {
			s.Succeeded("a")
		}
		if got := s.Limit("a", scheduler.Large); got != 8 {
			t.Errorf("limit %d after 100 successes, want 8", got)
		}
	})
}

func TestDoEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := scheduler.New(scheduler.Limits{Small: 1, Large: 1}), &crowd{}
		s.Go(scheduler.Task{Hosts: []string{"a"}}, c.work(time.Minute, 0), nothing)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Do(ctx, scheduler.Task{Hosts: []string{"a"}}, succeed); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if err := s.Do(t.Context(), scheduler.Task{Hosts: []string{"a"}}, succeed); err != nil {
			t.Fatal(err)
		}
	})
}

// TestThePlaceIsBackBeforeDone starts the next task from the done function of the last one.
func TestThePlaceIsBackBeforeDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, order := scheduler.New(scheduler.Limits{Small: 1, Large: 1}), []string{}
		task := scheduler.Task{Hosts: []string{"a"}}
		s.Go(task, func() { order = append(order, "first") }, func() {
			if err := s.Do(t.Context(), task, func() error { order = append(order, "second"); return nil }); err != nil {
				t.Error(err)
			}
		})
		pass(time.Second)
		if !slices.Equal(order, []string{"first", "second"}) {
			t.Errorf("%v", order)
		}
	})
}

func TestTheLimitsOfJobs(t *testing.T) {
	for jobs, want := range map[int]scheduler.Limits{3: {Small: 12, Large: 6}, 0: {Small: 32, Large: 16}, -1: {Small: 32, Large: 16}} {
		if got := scheduler.LimitsFor(jobs); got != want {
			t.Errorf("%d jobs: %+v, want %+v", jobs, got, want)
		}
	}
	for size, want := range map[int64]scheduler.Queue{0: scheduler.Small, 256 << 10: scheduler.Small, 256<<10 + 1: scheduler.Large} {
		if got := scheduler.TaskFor(size, "a").Queue; got != want {
			t.Errorf("%d bytes are in queue %d, want %d", size, got, want)
		}
	}
}

func TestFlushStartsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := scheduler.New(scheduler.Limits{Small: 1, Large: 1}), &crowd{}
		for range 10 {
			s.Go(scheduler.Task{Hosts: []string{"a"}, Queue: scheduler.Large}, c.work(time.Second, 0), nothing)
		}
		s.Flush()
		pass(2 * time.Second)
		if len(c.seen()) != 10 {
			t.Errorf("%d started, want 10", len(c.order))
		}
	})
}
