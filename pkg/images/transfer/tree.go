package transfer

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// deepest is how far indexes may be nested.
const deepest = 8

// node is a manifest with everything that it refers to.
type node struct {
	manifest
	children []*node         // of an index
	blobs    []v1.Descriptor // config and layers of an image
	withheld int             // layers that may not be distributed
}

// references are the descriptors in a manifest or an index.
type references struct {
	Manifests []v1.Descriptor `json:"manifests"`
	Config    *v1.Descriptor  `json:"config"`
	Layers    []v1.Descriptor `json:"layers"`
}

// expand reads the manifests below m with get.
func expand(ctx context.Context, m manifest, depth int, get func(ctx context.Context, digest string) (manifest, error)) (*node, error) {
	if depth > deepest {
		return nil, &refusalError{class: images.ClassPolicy, msg: fmt.Sprintf("indexes are nested deeper than %d", deepest), remedy: "check that it is a container image"}
	}
	var refs references
	if err := json.Unmarshal(m.raw, &refs); err != nil {
		return nil, &refusalError{class: images.ClassPolicy, msg: "its manifest is not valid: " + err.Error(), remedy: "check that it is a container image"}
	}
	n := &node{manifest: m, blobs: refs.blobs(), withheld: refs.withheld()}
	manifests := refs.manifests()
	n.children = make([]*node, len(manifests))
	group, ctx := errgroup.WithContext(ctx)
	for i, desc := range manifests {
		group.Go(func() error {
			child, err := get(ctx, desc.Digest.String())
			if err != nil {
				return err
			}
			n.children[i], err = expand(ctx, child, depth+1, get)
			return err
		})
	}
	return n, group.Wait()
}

// manifests are the manifests and indexes below an index, each once.
func (r references) manifests() []v1.Descriptor {
	return unique(slices.DeleteFunc(slices.Clone(r.Manifests), func(d v1.Descriptor) bool { return !isManifest(d) }))
}

// blobs are what a manifest needs in its repository. Layers that may not be
// distributed stay where they are. Some build caches list blobs in an index.
func (r references) blobs() []v1.Descriptor {
	var blobs []v1.Descriptor
	if r.Config != nil {
		blobs = append(blobs, *r.Config)
	}
	for _, d := range slices.Concat(r.Layers, r.Manifests) {
		if !isManifest(d) && d.MediaType.IsDistributable() {
			blobs = append(blobs, d)
		}
	}
	return blobs
}

// withheld counts the layers that may not be distributed.
func (r references) withheld() int {
	count := 0
	for _, d := range r.Layers {
		if !d.MediaType.IsDistributable() {
			count++
		}
	}
	return count
}

func isManifest(d v1.Descriptor) bool { return d.MediaType.IsIndex() || d.MediaType.IsImage() }

func unique(descs []v1.Descriptor) []v1.Descriptor {
	seen := map[v1.Hash]bool{}
	return slices.DeleteFunc(descs, func(d v1.Descriptor) bool {
		known := seen[d.Digest]
		seen[d.Digest] = true
		return known
	})
}

// foreign counts the layers of the tree that may not be distributed.
func (n *node) foreign() int {
	count := n.withheld
	for _, child := range n.children {
		count += child.foreign()
	}
	return count
}

// allBlobs are the blobs of the tree, each once, the largest first.
func (n *node) allBlobs() []v1.Descriptor {
	blobs := slices.Clone(n.blobs)
	for _, child := range n.children {
		blobs = append(blobs, child.allBlobs()...)
	}
	blobs = unique(blobs)
	slices.SortStableFunc(blobs, func(a, b v1.Descriptor) int { return int(min(1, max(-1, b.Size-a.Size))) })
	return blobs
}
