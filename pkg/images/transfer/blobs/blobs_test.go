package blobs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage/storagetest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/blobs"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/scheduler"
)

// books counts the calls to an image's progress and to the observer.
type books struct {
	sent, mounted, waits atomic.Int64
	started              atomic.Int64
}

func (b *books) Start()                            { b.started.Add(1) }
func (b *books) Sent(n int64)                      { b.sent.Add(n) }
func (b *books) Mount(n int64)                     { b.mounted.Add(n) }
func (b *books) Waiting(int, error, time.Duration) { b.waits.Add(1) }

// place has the storages of a test.
type place struct {
	from, to  *storagetest.Registry
	scheduler *scheduler.Scheduler
	blobs     *blobs.Blobs
	books     *books
}

func newPlace() *place { return newLimitedPlace(nil) }

func newLimitedPlace(limit *blobs.Rate) *place {
	s := scheduler.New(scheduler.Limits{Small: 4, Large: 2})
	return &place{
		from: &storagetest.Registry{Name: "hub"}, to: &storagetest.Registry{Name: "mirror"}, scheduler: s, books: &books{},
		blobs: blobs.New(s, retry.Policy{Attempts: 3, First: time.Second, Longest: time.Second}, nil, limit),
	}
}

// run copies blobs until the end of the test.
func (p *place) run(t *testing.T) {
	t.Helper()
	var group sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	context.AfterFunc(ctx, p.scheduler.Flush)
	group.Go(func() { p.blobs.Run(ctx) })
	t.Cleanup(func() {
		stop()
		p.blobs.Close()
		group.Wait()
	})
}

// image returns an image of a repository.
func (p *place) image(repository string, rank int) *blobs.Set {
	return blobs.NewSet(p.from.Repository(repository, false), p.to.Repository(repository, true), rank, p.books)
}

// planning releases an image as soon as it is resolved.
func (p *place) planning(n int) *blobs.Planning {
	return blobs.NewPlanning(n, p.blobs, func(_ []*blobs.Set, then func()) { go then() })
}

func TestABlobIsMovedOnceAndMounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace()
		p.run(t)
		desc := p.from.Repository("app-0", false).AddBlob([]byte("a layer"))
		planning := p.planning(3)
		var needs []*blobs.Need
		for i := 2; i >= 0; i-- { // the order of resolution must not matter
			p.from.Repository(fmt.Sprintf("app-%d", i), false).AddBlob([]byte("a layer"))
			image := p.image(fmt.Sprintf("app-%d", i), i)
			planning.Compared(image, "")
			needs = append(needs, p.blobs.Need(image, desc))
			planning.Resolved(image)
		}
		if err := blobs.Await(t.Context(), needs); err != nil {
			t.Fatal(err)
		}
		if sent, mounted := p.books.sent.Load(), p.books.mounted.Load(); sent != desc.Size || mounted != 2*desc.Size {
			t.Errorf("%d bytes sent, %d mounted; the blob has %d", sent, mounted, desc.Size)
		}
	})
}

func TestTheHomeIsThatOfTheFirstInThePlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace()
		p.to.NoMounts = true
		p.run(t)
		var home atomic.Value
		desc := p.from.Repository("app-0", false).AddBlob([]byte("a layer"))
		planning := p.planning(2)
		for i := 1; i >= 0; i-- {
			name := fmt.Sprintf("app-%d", i)
			p.from.Repository(name, false).AddBlob([]byte("a layer"))
			p.to.Repository(name, true).Fail = func(doing string, _ v1.Hash) error {
				if doing == "push" {
					home.CompareAndSwap(nil, name)
				}
				return nil
			}
			image := p.image(name, i)
			planning.Compared(image, "")
			p.blobs.Need(image, desc)
			planning.Resolved(image)
			time.Sleep(time.Minute)
		}
		if home.Load() != "app-0" {
			t.Errorf("it was brought to %v first, want app-0", home.Load())
		}
	})
}

func TestTransientFailuresAreTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for failures, wantErr := range map[int64]bool{2: false, 3: true} {
			p := newPlace()
			p.run(t)
			source := p.from.Repository("app", false)
			desc := source.AddBlob([]byte("a layer"))
			var tries atomic.Int64
			source.Fail = func(string, v1.Hash) error {
				if tries.Add(1) <= failures {
					return &failure.InterruptedError{Err: errors.New("cut")}
				}
				return nil
			}
			image := p.image("app", 0)
			planning := p.planning(1)
			planning.Compared(image, "")
			need := p.blobs.Need(image, desc)
			planning.Resolved(image)
			if err := blobs.Await(t.Context(), []*blobs.Need{need}); (err != nil) != wantErr {
				t.Errorf("%d failures: %v", failures, err)
			}
			if waits := p.books.waits.Load(); waits != 2 {
				t.Errorf("%d failures: %d waits, want 2", failures, waits)
			}
		}
	})
}

// TestAnotherSourceIsTried checks that a blob is read from the source of the next image if
// the first source fails, and that no image fails because of another image's source.
func TestAnotherSourceIsTried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace()
		p.run(t)
		desc := p.from.Repository("app-1", false).AddBlob([]byte("a layer"))
		planning := p.planning(2)
		var needs []*blobs.Need
		for i := range 2 {
			image := p.image(fmt.Sprintf("app-%d", i), i)
			planning.Compared(image, "")
			needs = append(needs, p.blobs.Need(image, desc))
			planning.Resolved(image)
		}
		if err := blobs.Await(t.Context(), needs[:1]); !failure.IsNotFound(err) {
			t.Errorf("the image without the blob: %v", err)
		}
		if err := blobs.Await(t.Context(), needs[1:]); err != nil {
			t.Errorf("the other image: %v", err)
		}
	})
}

func TestNothingMovesWithoutRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace()
		p.run(t)
		desc := p.from.Repository("app", false).AddBlob([]byte("a layer"))
		planning := p.planning(1)
		full := errors.New("the disk is full")
		planning.Admit(func() error {
			if bytes, err := p.blobs.Missing(t.Context()); bytes != desc.Size || err != nil {
				t.Errorf("%d bytes are missing, %v; want %d", bytes, err, desc.Size)
			}
			return full
		})
		image := p.image("app", 0)
		planning.Compared(image, "")
		need := p.blobs.Need(image, desc)
		planning.Resolved(image)
		if err := blobs.Await(t.Context(), []*blobs.Need{need}); !errors.Is(err, full) || p.books.sent.Load() > 0 {
			t.Errorf("%v, %d bytes sent", err, p.books.sent.Load())
		}
	})
}

func TestWhatNobodyWantsDoesNotMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace()
		p.run(t)
		desc := p.from.Repository("app", false).AddBlob([]byte("a layer"))
		image, planning := p.image("app", 0), p.planning(1)
		planning.Compared(image, "")
		need := p.blobs.Need(image, desc)
		image.Fail()
		planning.Resolved(image)
		if err := blobs.Await(t.Context(), []*blobs.Need{need}); err == nil || p.books.sent.Load() > 0 {
			t.Errorf("%v, %d bytes sent", err, p.books.sent.Load())
		}
	})
}

// TestItStopsAtOnce cancels a run whose source does not answer, and checks that no time
// passes.
func TestItStopsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace()
		ctx, cancel := context.WithCancel(t.Context())
		context.AfterFunc(ctx, p.scheduler.Flush)
		var group sync.WaitGroup
		group.Go(func() { p.blobs.Run(ctx) })
		source := p.from.Repository("app", false)
		desc := source.AddBlob([]byte("a layer"))
		source.Fail = func(string, v1.Hash) error { <-ctx.Done(); return ctx.Err() }
		image, planning := p.image("app", 0), p.planning(1)
		planning.Compared(image, "")
		need := p.blobs.Need(image, desc)
		planning.Resolved(image)
		start := time.Now()
		time.AfterFunc(time.Second, cancel)
		if err := blobs.Await(ctx, []*blobs.Need{need}); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		p.blobs.Close()
		group.Wait()
		if took := time.Since(start); took != time.Second {
			t.Errorf("it took %s, and was stopped after one second", took)
		}
	})
}

// TestOnlyWhatIsKnownIsMounted mounts from a repository that had the blob before the run.
func TestOnlyWhatIsKnownIsMounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace()
		p.run(t)
		old := p.to.Repository("old", true)
		desc := old.AddBlob([]byte("a layer"))
		p.blobs.Known(old.Location(), []v1.Descriptor{desc})
		image, planning := p.image("new", 0), p.planning(1)
		planning.Compared(image, "")
		need := p.blobs.Need(image, desc)
		planning.Resolved(image)
		if err := blobs.Await(t.Context(), []*blobs.Need{need}); err != nil || p.books.mounted.Load() != desc.Size {
			t.Errorf("%v, %d bytes mounted", err, p.books.mounted.Load())
		}
	})
}

// All blobs together are copied at the rate, however many are copied concurrently.
func TestTheRateIsThatOfAllBlobs(t *testing.T) {
	const (
		size, number = 512 << 10, 4
		limit        = 64 << 10 // bytes per second
	)
	synctest.Test(t, func(t *testing.T) {
		p := newLimitedPlace(blobs.NewRate(limit))
		p.run(t)
		begun := time.Now()
		planning := p.planning(number)
		var needs []*blobs.Need
		for i := range number {
			repository := fmt.Sprintf("app-%d", i)
			desc := p.from.Repository(repository, false).AddBlob(bytes.Repeat([]byte{byte(i)}, size))
			image := p.image(repository, i)
			planning.Compared(image, "")
			needs = append(needs, p.blobs.Need(image, desc))
			planning.Resolved(image)
		}
		if err := blobs.Await(t.Context(), needs); err != nil {
			t.Fatal(err)
		}
		const want = number * size / limit * time.Second
		if took := time.Since(begun); took < want-2*time.Second || took > want+time.Second {
			t.Errorf("%d bytes took %s, want %s", number*size, took, want)
		}
	})
}

func TestAReadAtARateEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newLimitedPlace(blobs.NewRate(1))
		p.run(t)
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		desc := p.from.Repository("app", false).AddBlob(make([]byte, 1<<20))
		err := p.blobs.Bring(ctx, p.from.Repository("app", false), p.to.Repository("app", true), desc, p.books)
		if err == nil {
			t.Error("1 MiB was copied at 1 byte per second")
		}
	})
}
