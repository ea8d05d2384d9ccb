// Package shard divides the images of a copy among pods. Images that share a blob are in one shard,
// so that each blob crosses the network once. The same images in the same order have the same shards.
//
// The package knows blobs and their sizes. It must not know registries or Kubernetes.
package shard

import (
	"cmp"
	"slices"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// Image is an image to copy.
type Image struct {
	// Blobs are configs and layers of the platforms in scope. An image that could not be read has
	// none.
	Blobs []images.Blob
	// Places are the references that the copy writes. Images with the same place are in one shard.
	Places []images.Ref
}

// perImage is the weight of an image apart from its blobs: its requests take about as long as these
// bytes.
const perImage = 256 << 10

// Divide returns the shard of each image, from 0 to shards-1. The shards have similar numbers of
// bytes, as far as shared blobs allow; with few images, some shards have none.
func Divide(list []Image, shards int) []int {
	groups := groupsOf(list)
	slices.SortStableFunc(groups, func(a, b group) int { return cmp.Compare(b.bytes, a.bytes) })
	loads := make([]int64, max(1, shards))
	shardOf := make([]int, len(list))
	for _, g := range groups {
		lightest := 0
		for i, load := range loads {
			if load < loads[lightest] {
				lightest = i
			}
		}
		loads[lightest] = images.Add(loads[lightest], g.bytes)
		for _, i := range g.images {
			shardOf[i] = lightest
		}
	}
	return shardOf
}

// Loads returns the bytes of each shard, from 0 to shards-1: those of its blobs, each counted once, and a
// weight for each image. shardOf is the shard of each image.
func Loads(list []Image, shardOf []int, shards int) []int64 {
	loads, needed := make([]int64, shards), make([][]images.Blob, shards)
	for i, img := range list {
		s := shardOf[i]
		loads[s], needed[s] = images.Add(loads[s], perImage), append(needed[s], img.Blobs...)
	}
	for s := range loads {
		loads[s] = images.Add(loads[s], images.Once(needed[s]))
	}
	return loads
}

// Speed returns how many times as fast as one pod the pods of these loads are at the most, if each has a
// bandwidth of its own: the largest shard decides.
func Speed(loads []int64) float64 {
	var sum float64
	for _, load := range loads {
		sum += float64(load)
	}
	return sum / float64(max(1, slices.Max(loads)))
}

// group is images that share blobs or places, directly or through others.
type group struct {
	images []int // in ascending order
	bytes  int64
}

// groupsOf returns the groups of the images, in the order of their first images.
func groupsOf(list []Image) []group {
	sets := newSets(len(list))
	blobs, places := map[string]int{}, map[images.Ref]int{}
	for i, img := range list {
		for _, blob := range img.Blobs {
			join(sets, blobs, blob.Digest, i)
		}
		for _, place := range img.Places {
			join(sets, places, place, i)
		}
	}
	at := map[int]int{} // group of each root
	var groups []group
	var needed [][]images.Blob
	for i, img := range list {
		root := sets.root(i)
		if _, known := at[root]; !known {
			at[root] = len(groups)
			groups, needed = append(groups, group{}), append(needed, nil)
		}
		g := at[root]
		groups[g].images = append(groups[g].images, i)
		needed[g] = append(needed[g], img.Blobs...)
	}
	for g := range groups {
		groups[g].bytes = images.Add(images.Once(needed[g]), perImage*int64(len(groups[g].images)))
	}
	return groups
}

// join joins an image with the first image of the same key.
func join[K comparable](s sets, first map[K]int, key K, image int) {
	if other, known := first[key]; known {
		s.join(other, image)
		return
	}
	first[key] = image
}

// sets are disjoint sets of numbers: the parent of each, which is itself for a root.
type sets []int

func newSets(n int) sets {
	s := make(sets, n)
	for i := range s {
		s[i] = i
	}
	return s
}

func (s sets) root(i int) int {
	for s[i] != i {
		s[i] = s[s[i]]
		i = s[i]
	}
	return i
}

// join makes one set of two. The smaller root stays, so that the result depends on no order.
func (s sets) join(a, b int) {
	a, b = s.root(a), s.root(b)
	s[max(a, b)] = min(a, b)
}
