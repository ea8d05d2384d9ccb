package transfer

import (
	"cmp"
	"context"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/compare"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/progress"
)

// Measure reads the sizes of the images of an inventory with digests: their manifests, and the
// configuration of one platform. An image with a target is read there, in opts.Into or at its registry;
// other images are read in opts.From or at their registries. What earlier runs have kept is not read
// again. Of an image with several platforms, opts.Platforms are in scope. An image that cannot be read
// is a gap; an image without a digest stays without sizes.
func (r *Registries) Measure(ctx context.Context, inv *images.Inventory, opts Options) {
	scope := opts.Platforms
	opts.Platforms = nil // sizes of the others are known, too
	run := r.newRun(opts)
	stop := context.AfterFunc(ctx, run.scheduler.Flush)
	defer stop()
	var mu sync.Mutex
	var group sync.WaitGroup
	for at := range inv.Images {
		img := &inv.Images[at]
		if img.Digest == "" && img.Ref.Digest == "" {
			continue
		}
		group.Go(func() {
			content, err := run.measure(ctx, *img, scope)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				inv.Gaps = append(inv.Gaps, images.Gap{Source: "sizes", Subject: img.Ref.String(), Error: err.Error()})
				return
			}
			img.Content = content
		})
	}
	group.Wait()
	inv.SortGaps()
}

// measure reads the content of one image.
func (run *run) measure(ctx context.Context, img images.Image, scope []v1.Platform) (*images.Content, error) {
	i, err := run.reader(img)
	if err != nil {
		return nil, err
	}
	tree, known := run.remembered(ctx, cmp.Or(img.Digest, img.Ref.Digest))
	switch {
	case known:
	case img.Target != nil:
		tree, err = readTarget(ctx, i, scope)
	default:
		tree, err = readSource(ctx, i)
	}
	if err != nil {
		return nil, err
	}
	content := images.NewContent(partsOf(tree, scope))
	run.describe(ctx, i, tree, content)
	content.Referrers, err = referrersOf(ctx, i, tree)
	return content, err
}

// reader opens the place where an image is read.
func (run *run) reader(img images.Image) (*compare.Pair, error) {
	step := images.Copy{Source: img.Ref, Digest: img.Digest, Kind: img.Kind}
	if img.Target != nil {
		step.Source = *img.Target
	}
	p := progress.New(step, nil, nil)
	var from storage.Source
	var err error
	switch {
	case img.Target != nil && run.opts.Into != nil:
		from = archive.Source(run.opts.Into, step.Source)
	case img.Target != nil:
		from, err = run.registries.Target(step.Source, p)
	case run.opts.From != nil:
		from = archive.Source(run.opts.From, step.Source)
	default:
		from, err = run.registries.Source(step.Source, p)
	}
	return run.compare.Pair(step, from, nil, p), err
}

// remembered returns the manifests of an image, if earlier runs have kept all of them and the
// configuration.
func (run *run) remembered(ctx context.Context, digest string) (*oci.Node, bool) {
	tree, ok := run.compare.Remembered(ctx, digest)
	if !ok {
		return nil, false
	}
	refs, err := shown(tree).References()
	if err != nil || refs.Config == nil || refs.Config.Size > maxConfig {
		return tree, err == nil
	}
	return tree, run.opts.Kept.Get(refs.Config.Digest.String()) != nil
}

// readSource reads the manifests of an image at its source, or in its new repository.
func readSource(ctx context.Context, i *compare.Pair) (*oci.Node, error) {
	goal, err := i.Wanted(ctx)
	if err != nil {
		return nil, err
	}
	return i.Read(ctx, goal.Digest, goal.Root)
}

// readTarget reads the manifests of an image at a target, which may lack platforms out of scope.
func readTarget(ctx context.Context, i *compare.Pair, scope []v1.Platform) (*oci.Node, error) {
	root, err := i.Manifest(ctx, i.Plan.Digest)
	if err == nil {
		root, err = root.Only(scope)
	}
	if err != nil {
		return nil, err
	}
	return i.Read(ctx, root.Digest, &root)
}

// referrersOf lists the referrers of an image and of its platforms.
func referrersOf(ctx context.Context, i *compare.Pair, tree *oci.Node) ([]images.Referrer, error) {
	var platforms []string
	for _, child := range tree.Children {
		platforms = append(platforms, child.Digest)
	}
	found, err := i.Referrers(ctx, tree.Digest, platforms)
	var list []images.Referrer
	for _, a := range found {
		list = append(list, images.Referrer{Type: note(typeOf(a)), Digest: a.Digest})
	}
	return list, err
}

// typeOf names the type of a referrer: from the suffix of cosign's tag, or its artifact type.
func typeOf(a compare.Referrer) string {
	for suffix, name := range map[string]string{".sig": "signature", ".att": "attestation", ".sbom": "sbom"} {
		if strings.HasSuffix(a.Tag, suffix) {
			return name
		}
	}
	if a.Desc.ArtifactType != "" {
		return a.Desc.ArtifactType
	}
	return string(a.Desc.MediaType)
}
