package storage_test

import (
	"context"
	"fmt"
	"io"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage/storagetest"
)

// A blob is copied from any source to any target: a mount is tried first, and else the
// target opens the source.
func ExampleTarget() {
	var (
		ctx  = context.Background()
		hub  = &storagetest.Registry{Name: "hub.example.com"}
		from = hub.Repository("app", false)
		blob = from.AddBlob([]byte("a layer"))
	)
	open := func(ctx context.Context, offset int64) (io.ReadCloser, error) {
		return from.Open(ctx, blob, offset, nil)
	}
	mirror := &storagetest.Registry{Name: "mirror.example.com"}
	for _, to := range []storage.Target{mirror.Repository("app", true), hub.Repository("copy", true)} {
		pushed, err := to.Push(ctx, blob, from.Location().Name, open)
		fmt.Println(to.Location().Label, pushed == storage.Uploaded, pushed == storage.Mounted, err)
	}

	err := storage.Read(ctx, hub.Repository("empty", false), blob, nil)
	fmt.Println("not found:", failure.IsNotFound(err))
	// Output:
	// mirror.example.com/app true false <nil>
	// hub.example.com/copy false true <nil>
	// not found: true
}
