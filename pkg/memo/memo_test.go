package memo_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/memo"
)

func TestOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var group memo.Group[int]
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
	var group memo.Group[int]
	_, err := group.Do(t.Context(), "key", func() (int, error) { return 0, errors.New("not now") })
	if err == nil {
		t.Error("the failure was lost")
	}
	got, err := group.Do(t.Context(), "key", func() (int, error) { return 7, nil })
	if got != 7 || err != nil {
		t.Errorf("got %d, %v", got, err)
	}
}

func TestGetKeepsWhatSucceeds(t *testing.T) {
	var group memo.Group[int]
	failed := errors.New("failed")
	for i, want := range []int{0, 1, 1} {
		got, err := group.Get("key", func() (int, error) {
			if i == 0 {
				return 0, failed
			}
			return i, nil
		})
		if got != want || (err != nil) != (i == 0) {
			t.Errorf("%d: got %d, %v", i, got, err)
		}
	}
}
