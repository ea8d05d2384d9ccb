package plugin

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster/plan"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster/shard"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
)

// pack writes the plan for pods into a new directory, and copies nothing.
func (o syncOptions) pack(ctx context.Context, p planned) error {
	packed, err := o.packed(ctx, p, o.pod.packShards)
	if err != nil {
		return err
	}
	parts, err := packed.Pack(plan.PartSize)
	if err != nil {
		return fmt.Errorf("--pack: %w", err)
	}
	if err := os.Mkdir(o.pod.pack, 0o755); err != nil {
		return fmt.Errorf("--pack: %w", err)
	}
	for _, part := range parts {
		if err := os.WriteFile(filepath.Join(o.pod.pack, part.Name), part.Content, 0o644); err != nil {
			return fmt.Errorf("--pack: %w", err)
		}
	}
	fmt.Fprintf(o.streams.ErrOut, "the plan %s is in %s, in %s\n", packed.Digest(), o.pod.pack, display.Count(len(parts), "part"))
	return gapsError(p.inventory.Gaps)
}

// packed returns the plan of a copy for a number of pods. The digests of its images are those of
// the list or of their registries now. An image whose digest cannot be read stays without: its pod
// tries again, and reports the failure.
func (s selection) packed(ctx context.Context, p planned, shards int) (plan.Plan, error) {
	packed, err := plan.New(withDigests(ctx, p, s.registry.Jobs))
	if err != nil || shards == 1 {
		return packed, err
	}
	inv, err := packed.Inventory()
	if err != nil {
		return packed, err
	}
	needed := p.registries.Blobs(ctx, inv, s.transferOptions())
	if ctx.Err() != nil {
		return packed, ctx.Err()
	}
	list := make([]shard.Image, len(inv.Images))
	for i, img := range inv.Images {
		list[i] = shard.Image{Blobs: needed[i], Places: s.target.Places(img)}
	}
	divided := shard.Divide(list, shards)
	s.noteSpeed(shard.Speed(shard.Loads(list, divided, shards)), shards)
	return packed.Split(shards, divided), nil
}

// usefulShards is the part of the pods that must be of use. With fewer, the command says so.
const usefulShards = 0.75

// noteSpeed says if one shard has so much to copy that more pods are of little use.
func (s selection) noteSpeed(speed float64, shards int) {
	if speed < usefulShards*float64(shards) {
		fmt.Fprintf(s.streams.ErrOut, "note: %d pods are at most %.1f times as fast as one: one pod copies an image as a whole, with all images that share layers with the image, so that each layer is copied once. Use fewer pods\n", shards, speed)
	}
}

// withDigests returns the inventory of a plan with the digest of each image, as far as these can
// be read.
func withDigests(ctx context.Context, p planned, jobs int) images.Inventory {
	inv := p.inventory
	inv.Images = append([]images.Image(nil), inv.Images...)
	unknown := images.Inventory{}
	for _, img := range inv.Images {
		if hasNoDigest(img) {
			unknown.Images = append(unknown.Images, img)
		}
	}
	resolveDigests(ctx, p.registries, &unknown, jobs)
	next := 0
	for i, img := range inv.Images {
		if hasNoDigest(img) {
			inv.Images[i] = unknown.Images[next]
			next++
		}
	}
	return inv
}

func hasNoDigest(img images.Image) bool { return img.Digest == "" && img.Ref.Digest == "" }
