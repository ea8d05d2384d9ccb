package plugin

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// newer handles --since. For an archive, newer returns the archive. For an image list, newer
// returns the plan without the images that the list has with the same digest.
func (o syncOptions) newer(ctx context.Context, p planned) (*transfer.Archive, images.Plan, error) {
	if !isList(o.since) {
		since, err := transfer.OpenArchive(ctx, o.since)
		return since, p.plan, err
	}
	data, err := readBounded(o.since, o.streams.In)
	if err != nil {
		return nil, p.plan, err
	}
	before, err := images.ParseList(data)
	if err != nil {
		return nil, p.plan, fmt.Errorf("image list %s: %w", o.since, err)
	}
	known := map[images.Ref]images.Image{}
	for _, img := range before.Images {
		known[img.Ref] = img
	}
	plan := images.Plan{Target: p.plan.Target}
	for _, step := range p.plan.Copies {
		img := known[step.Source]
		if old := cmp.Or(img.Digest, img.Ref.Digest); old != "" && img.Covers(step.Also) {
			if now, err := digestOf(ctx, p.registries, step); err == nil && now == old {
				continue
			}
		}
		plan.Copies = append(plan.Copies, step)
	}
	return nil, plan, nil
}

// isList reports whether a path names an image list: stdin, a pipe, or a file with a JSON
// document. Everything else is opened as an archive, so that a damaged archive is called damaged.
func isList(path string) bool {
	if path == "-" || transfer.IsArchive(path) {
		return path == "-"
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return err == nil && !info.IsDir()
	}
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	start, _ := io.ReadAll(io.LimitReader(file, 512)) // a file that cannot be read is an archive that cannot be read
	return bytes.HasPrefix(bytes.TrimSpace(start), []byte("{"))
}
