package oci

import (
	"context"
	"slices"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"
)

// Node is a manifest with its children and blobs. There is one node for each digest.
type Node struct {
	Manifest
	Children         []*Node         // of an index
	below            []v1.Descriptor // the descriptors of Children
	blobs            []v1.Descriptor // config and layers of an image
	nondistributable int             // number of non-distributable layers
}

// Getter reads a manifest by digest.
type Getter func(ctx context.Context, digest string) (Manifest, error)

// Expand reads the manifests below m, each once, even if several indexes list it. Too many
// manifests, or too many levels of indexes, are a *failure.RejectedError.
func Expand(ctx context.Context, m Manifest, get Getter) (*Node, error) {
	root, err := newNode(m)
	if err != nil {
		return nil, err
	}
	e := &expansion{get: get, known: map[v1.Hash]*Node{}, bytes: len(m.Raw)}
	level := []*Node{root}
	for depth := 1; len(level) > 0; depth++ {
		if depth > Deepest {
			return nil, refusal("indexes are nested deeper than %d", Deepest)
		}
		if level, err = e.next(ctx, level); err != nil {
			return nil, err
		}
	}
	return root, nil
}

// newNode returns a node without its children.
func newNode(m Manifest) (*Node, error) {
	refs, err := m.References()
	if err != nil {
		return nil, err
	}
	return &Node{Manifest: m, below: refs.Children(), blobs: refs.Blobs(), nondistributable: refs.nondistributable()}, nil
}

// expansion is a tree that is read level by level.
type expansion struct {
	get   Getter
	known map[v1.Hash]*Node

	mu    sync.Mutex
	bytes int // of the manifests read so far
}

// next reads the children of the nodes of a level, and returns the new ones.
func (e *expansion) next(ctx context.Context, level []*Node) ([]*Node, error) {
	var wanted []v1.Descriptor
	for _, n := range level {
		wanted = append(wanted, n.below...)
	}
	wanted = slices.DeleteFunc(Unique(wanted), func(d v1.Descriptor) bool { return e.known[d.Digest] != nil })
	if len(e.known)+len(wanted) >= maxManifests {
		return nil, refusal("the image has more than %d manifests", maxManifests)
	}
	found := make([]*Node, len(wanted))
	group, groupCtx := errgroup.WithContext(ctx)
	for i, desc := range wanted {
		group.Go(func() (err error) {
			found[i], err = e.read(groupCtx, desc)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for i, desc := range wanted {
		e.known[desc.Digest] = found[i]
	}
	for _, n := range level {
		for _, desc := range n.below {
			n.Children = append(n.Children, e.known[desc.Digest])
		}
		n.below = nil
	}
	return found, nil
}

func (e *expansion) read(ctx context.Context, desc v1.Descriptor) (*Node, error) {
	m, err := e.get(ctx, desc.Digest.String())
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	e.bytes += len(m.Raw)
	exceeded := e.bytes > maxBytes
	e.mu.Unlock()
	if exceeded {
		return nil, refusal("the manifests of the image are larger than %d MiB", maxBytes>>20)
	}
	return newNode(m)
}

// all returns the nodes of the tree, each once.
func (n *Node) all() []*Node {
	nodes, seen := []*Node{n}, map[*Node]bool{n: true}
	for i := 0; i < len(nodes); i++ {
		for _, child := range nodes[i].Children {
			if !seen[child] {
				seen[child] = true
				nodes = append(nodes, child)
			}
		}
	}
	return nodes
}

// Foreign returns the number of non-distributable layers of the tree.
func (n *Node) Foreign() int {
	count := 0
	for _, node := range n.all() {
		count += node.nondistributable
	}
	return count
}

// AllBlobs returns the blobs of the tree, each once, the largest first.
func (n *Node) AllBlobs() []v1.Descriptor {
	var blobs []v1.Descriptor
	for _, node := range n.all() {
		blobs = append(blobs, node.blobs...)
	}
	blobs = Unique(blobs)
	slices.SortStableFunc(blobs, func(a, b v1.Descriptor) int { return int(min(1, max(-1, b.Size-a.Size))) })
	return blobs
}
