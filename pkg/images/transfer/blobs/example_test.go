package blobs_test

import (
	"context"
	"fmt"
	"sync"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage/storagetest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/blobs"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/scheduler"
)

// Two images share a layer: the layer is uploaded to the repository of the first image, and mounted into the other one.
func Example() {
	ctx, stop := context.WithCancel(context.Background())
	source, target := &storagetest.Registry{Name: "quay.io"}, &storagetest.Registry{Name: "registry.example.com"}
	limits := scheduler.New(scheduler.Limits{Small: 4, Large: 2})
	run := blobs.New(limits, retry.Policy{Attempts: 1}, nil, nil)
	var group sync.WaitGroup
	group.Go(func() { run.Run(ctx) })

	progress := &books{}
	planning := blobs.NewPlanning(2, run, func(_ []*blobs.Set, then func()) { go then() })
	var needs []*blobs.Need
	for rank, repository := range []string{"kubermatic/api", "kubermatic/util"} {
		layer := source.Repository(repository, false).AddBlob([]byte("a shared layer"))
		image := blobs.NewSet(source.Repository(repository, false), target.Repository("kkp/"+repository, true), rank, progress)
		planning.Compared(image, "") // the target does not have the image
		needs = append(needs, run.Need(image, layer))
		planning.Resolved(image)
	}
	err := blobs.Await(ctx, needs)
	fmt.Printf("%d bytes uploaded, %d bytes mounted, %v\n", progress.sent.Load(), progress.mounted.Load(), err)

	stop()
	limits.Flush()
	run.Close()
	group.Wait()
	// Output: 14 bytes uploaded, 14 bytes mounted, <nil>
}
