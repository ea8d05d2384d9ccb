package transfer

import (
	"cmp"
	"context"
	"sync"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
)

// Blobs returns the blobs of each image of an inventory at its source: configs and layers of the
// platforms in scope (opts.Platforms), without those of referrers. It reads only manifests. An image
// without a digest, and an image that cannot be read, has none.
func (r *Registries) Blobs(ctx context.Context, inv images.Inventory, opts Options) [][]images.Blob {
	scope := opts.Platforms
	opts.Platforms = nil
	run := r.newRun(opts)
	stop := context.AfterFunc(ctx, run.scheduler.Flush)
	defer stop()
	blobs := make([][]images.Blob, len(inv.Images))
	var group sync.WaitGroup
	for at, img := range inv.Images {
		if img.Digest == "" && img.Ref.Digest == "" {
			continue
		}
		group.Go(func() {
			tree, err := run.tree(ctx, img)
			if err != nil {
				return // the copy of the image reports the error
			}
			for _, part := range partsOf(tree, scope) {
				if !part.Left {
					blobs[at] = append(blobs[at], part.Blobs...)
				}
			}
		})
	}
	group.Wait()
	return blobs
}

// tree returns the manifests of an image at its source, of all platforms.
func (run *run) tree(ctx context.Context, img images.Image) (*oci.Node, error) {
	img.Target = nil
	i, err := run.reader(img)
	if err != nil {
		return nil, err
	}
	if tree, ok := run.compare.Remembered(ctx, cmp.Or(img.Digest, img.Ref.Digest)); ok {
		return tree, nil
	}
	return readSource(ctx, i)
}
