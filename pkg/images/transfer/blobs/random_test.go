package blobs_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/blobs"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/seeded"
)

// TestAnyOrderEndsWell resolves images with shared blobs in any order and lets some
// requests fail. It checks that every repository has every blob, and that each blob was
// uploaded once.
func TestAnyOrderEndsWell(t *testing.T) {
	random := seeded.New(t)
	for range 30 {
		synctest.Test(t, func(t *testing.T) { anyOrder(t, random) })
	}
}

func anyOrder(t *testing.T, random *rand.Rand) {
	p := newPlace()
	p.run(t)
	const images, layers = 8, 5
	broken := random.IntN(10)
	var mu sync.Mutex
	failing := func(string, v1.Hash) error {
		mu.Lock()
		defer mu.Unlock()
		if broken > 0 {
			broken--
			if random.IntN(2) == 0 {
				return &failure.InterruptedError{Err: errors.New("cut")}
			}
		}
		return nil
	}
	sizes := map[v1.Hash]int64{}
	planning := p.planning(images)
	wanted := make([][]v1.Descriptor, images)
	var all sync.WaitGroup
	for i := range images {
		name := fmt.Sprintf("app-%d", i)
		for layer := range layers {
			if random.IntN(2) == 0 {
				desc := p.from.Repository(name, false).AddBlob([]byte(fmt.Sprint("layer ", layer)))
				wanted[i], sizes[desc.Digest] = append(wanted[i], desc), desc.Size
			}
		}
		p.to.Repository(name, true).Fail = failing
	}
	for _, i := range random.Perm(images) {
		delay := time.Duration(random.IntN(100)) * time.Millisecond
		all.Go(func() {
			time.Sleep(delay)
			image := p.image(fmt.Sprintf("app-%d", i), i)
			planning.Compared(image, "")
			var needs []*blobs.Need
			for _, desc := range wanted[i] {
				needs = append(needs, p.blobs.Need(image, desc))
			}
			planning.Resolved(image)
			if err := blobs.Await(t.Context(), needs); err != nil && !failure.IsTransient(err) {
				t.Errorf("image %d: %v", i, err)
			}
		})
	}
	all.Wait()
	var unique int64
	for _, size := range sizes {
		unique += size
	}
	if sent := p.books.sent.Load(); sent > unique {
		t.Errorf("%d bytes sent, and there are %d", sent, unique)
	}
}
