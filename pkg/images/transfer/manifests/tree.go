package manifests

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/faults"
)

// Deepest is how far indexes may be nested.
const Deepest = 8

// Node is a manifest with everything that it refers to.
type Node struct {
	Manifest
	Children []*Node         // of an index
	blobs    []v1.Descriptor // config and layers of an image
	withheld int             // layers that may not be distributed
}

// References are the descriptors in a manifest or an index.
type References struct {
	Manifests []v1.Descriptor `json:"manifests"`
	Config    *v1.Descriptor  `json:"config"`
	Layers    []v1.Descriptor `json:"layers"`
}

// Expand reads the manifests below m with get.
func Expand(ctx context.Context, m Manifest, depth int, get func(ctx context.Context, digest string) (Manifest, error)) (*Node, error) {
	if depth > Deepest {
		return nil, &faults.RefusalError{Class: images.ClassPolicy, Msg: fmt.Sprintf("indexes are nested deeper than %d", Deepest), Remedy: "check that it is a container image"}
	}
	var refs References
	if err := json.Unmarshal(m.Raw, &refs); err != nil {
		return nil, &faults.RefusalError{Class: images.ClassPolicy, Msg: "its manifest is not valid: " + err.Error(), Remedy: "check that it is a container image"}
	}
	n := &Node{Manifest: m, blobs: refs.Blobs(), withheld: refs.withheld()}
	manifests := refs.Children()
	n.Children = make([]*Node, len(manifests))
	group, ctx := errgroup.WithContext(ctx)
	for i, desc := range manifests {
		group.Go(func() error {
			child, err := get(ctx, desc.Digest.String())
			if err != nil {
				return err
			}
			n.Children[i], err = Expand(ctx, child, depth+1, get)
			return err
		})
	}
	return n, group.Wait()
}

// Children are the manifests and indexes below an index, each once.
func (r References) Children() []v1.Descriptor {
	return Unique(slices.DeleteFunc(slices.Clone(r.Manifests), func(d v1.Descriptor) bool { return !isManifest(d) }))
}

// Blobs are what a manifest needs in its repository. Layers that may not be
// distributed stay where they are. Some build caches list blobs in an index.
func (r References) Blobs() []v1.Descriptor {
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
func (r References) withheld() int {
	count := 0
	for _, d := range r.Layers {
		if !d.MediaType.IsDistributable() {
			count++
		}
	}
	return count
}

func isManifest(d v1.Descriptor) bool { return d.MediaType.IsIndex() || d.MediaType.IsImage() }

// Unique leaves out what is there twice.
func Unique(descs []v1.Descriptor) []v1.Descriptor {
	seen := map[v1.Hash]bool{}
	return slices.DeleteFunc(descs, func(d v1.Descriptor) bool {
		known := seen[d.Digest]
		seen[d.Digest] = true
		return known
	})
}

// Foreign counts the layers of the tree that may not be distributed.
func (n *Node) Foreign() int {
	count := n.withheld
	for _, child := range n.Children {
		count += child.Foreign()
	}
	return count
}

// AllBlobs are the blobs of the tree, each once, the largest first.
func (n *Node) AllBlobs() []v1.Descriptor {
	blobs := slices.Clone(n.blobs)
	for _, child := range n.Children {
		blobs = append(blobs, child.AllBlobs()...)
	}
	blobs = Unique(blobs)
	slices.SortStableFunc(blobs, func(a, b v1.Descriptor) int { return int(min(1, max(-1, b.Size-a.Size))) })
	return blobs
}
