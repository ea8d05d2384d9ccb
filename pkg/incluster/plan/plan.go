// Package plan packs the plan of a copy that runs in a cluster, and reads the plan in the pod. A
// plan is a lock (an ImageList with digests) and the shard of each of its images. Packed, the plan is
// a compressed stream in parts that fit in ConfigMaps, which the pod mounts in one directory.
//
// The package knows lists of images. It must not know Kubernetes, flags or registries.
package plan

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// MaxShards bounds the pods that share a copy. A registry gets the requests of all of them.
const MaxShards = 64

// Plan is a copy for one pod or several.
type Plan struct {
	// Lock is an ImageList in JSON, as `images --digests -o json` writes it.
	Lock []byte
	// Shards is the number of pods that share the images: 1 to MaxShards.
	Shards int
	// Shard is the shard of each image, from 0, in the order of images.ParseList(Lock). It is empty
	// if Shards is 1.
	Shard []int
}

// New returns the plan for an inventory whose digests are resolved, for one pod. The plan also has
// the gaps of the inventory and its excluded images, which belong to the report of the copy.
func New(inv images.Inventory) (Plan, error) {
	list := inv.List()
	list.Totals = nil
	lock, err := json.Marshal(list)
	return Plan{Lock: lock, Shards: 1}, err
}

// Split returns the plan for several pods. shard is the shard of each image, from 0, in the order
// of p.Inventory.
func (p Plan) Split(shards int, shard []int) Plan {
	p.Shards, p.Shard = shards, shard
	if shards == 1 {
		p.Shard = nil
	}
	return p
}

// Most returns the number of images of the shard with the most, of a plan with a number of images.
func (p Plan) Most(images int) int {
	if p.Shards <= 1 {
		return images
	}
	counts := make([]int, p.Shards)
	for _, shard := range p.Shard {
		counts[shard]++
	}
	return slices.Max(counts)
}

// Digest identifies the plan: sha256:<64 hex digits> of the lock and the shards. Plans with the same
// digest copy the same images in the same pods.
func (p Plan) Digest() string {
	header, _ := json.Marshal(p.header()) // of numbers and ASCII
	return digest(header)
}

// LockDigest is the digest of the lock, sha256:<64 hex digits>, as sha256sum and `sync --approved`
// have it.
func (p Plan) LockDigest() string { return digest(p.Lock) }

func digest(data []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(data)) }

// Inventory returns the images of the lock. The plan must have a shard for each.
func (p Plan) Inventory() (images.Inventory, error) {
	inv, err := images.ParseList(p.Lock)
	if err == nil && p.Shards > 1 && len(inv.Images) != len(p.Shard) {
		err = fmt.Errorf("the plan has a shard for %d images, and the lock has %d images", len(p.Shard), len(inv.Images))
	}
	return inv, err
}

// Of returns the copies of one shard, from 0, of the copies of all images of the plan. Each copy
// belongs to exactly one shard: that of its image.
func (p Plan) Of(shard int, inv images.Inventory, all images.Plan) images.Plan {
	if p.Shards <= 1 {
		return all
	}
	type image struct {
		ref  images.Ref
		kind images.Kind
	}
	shards := map[image]int{}
	for i, img := range inv.Images {
		shards[image{img.Ref, img.Kind}] = p.Shard[i]
	}
	part := images.Plan{Target: all.Target}
	for _, c := range all.Copies {
		if shards[image{c.Source, c.Kind}] == shard {
			part.Copies = append(part.Copies, c)
		}
	}
	return part
}

// check returns an error if the numbers of the shards are not possible.
func (p Plan) check() error {
	if p.Shards < 1 || p.Shards > MaxShards {
		return fmt.Errorf("%d shards: a plan has 1 to %d", p.Shards, MaxShards)
	}
	if p.Shards == 1 && len(p.Shard) > 0 {
		return errors.New("a plan for one pod has no shards of images")
	}
	for i, shard := range p.Shard {
		if shard < 0 || shard >= p.Shards {
			return fmt.Errorf("image %d is in shard %d of %d", i, shard, p.Shards)
		}
	}
	return nil
}
