package memo

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

func TestOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var group Group[int]
		var calls atomic.Int32
		release := make(chan struct{})
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				got, err := group.Do(t.Context(), "key", func() (int, error) {
					calls.Add(1)
					<-release
					return 7, nil
				})
				if got != 7 || err != nil {
					t.Errorf("got %d, %v", got, err)
				}
			})
		}
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := group.Do(ctx, "key", nil); !errors.Is(err, context.Canceled) {
			t.Errorf("who does not wait any more got %v", err)
		}
		close(release)
		all.Wait()
		if calls.Load() != 1 {
			t.Errorf("it was done %d times", calls.Load())
		}
	})
}

func TestFailuresAreNotKept(t *testing.T) {
	var group Group[int]
	_, err := group.Do(t.Context(), "key", func() (int, error) { return 0, errors.New("not now") })
	if err == nil {
		t.Error("the failure was lost")
	}
	got, err := group.Do(t.Context(), "key", func() (int, error) { return 7, nil })
	if got != 7 || err != nil {
		t.Errorf("got %d, %v", got, err)
	}
}
