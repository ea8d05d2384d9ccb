package plugin

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// newer handles --since. For an archive, newer returns the archive. For an image list, newer
// returns the plan without the images that the list has with the same digest.
func (o syncOptions) newer(ctx context.Context, p planned) (*transfer.Archive, images.Plan, error) {
	if !isList(o.since) {
		since, err := transfer.OpenArchive(ctx, o.since)
		return since, p.plan, err
	}
	before, err := olderList(o.since, o.streams.In)
	if err != nil {
		return nil, p.plan, err
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

// olderList reads the list of --since.
func olderList(path string, stdin io.Reader) (images.Inventory, error) {
	data, err := readBounded(path, stdin)
	if err != nil {
		return images.Inventory{}, err
	}
	before, err := images.ParseList(data)
	if err != nil {
		return images.Inventory{}, fmt.Errorf("image list %s: %w", path, err)
	}
	return before, nil
}

// older reads the list or the archive of --since, and keeps the images within the scope of the
// command, as far as their names and sources tell.
func (o imagesOptions) older(ctx context.Context) (images.Inventory, error) {
	if o.since == "" {
		return images.Inventory{}, nil
	}
	older, err := o.readOlder(ctx)
	if err != nil {
		return older, option.Usagef("--since: %w", err)
	}
	return older.Where(func(img images.Image) bool {
		return o.shown(img) && strings.HasPrefix(img.Ref.String(), o.scope.Prefix) && o.sourced(img)
	}), nil
}

func (o imagesOptions) readOlder(ctx context.Context) (images.Inventory, error) {
	if isList(o.since) {
		return olderList(o.since, o.streams.In)
	}
	archive, err := transfer.OpenArchive(ctx, o.since)
	if errors.Is(err, fs.ErrNotExist) {
		return images.Inventory{}, err
	}
	if err != nil {
		return images.Inventory{}, fmt.Errorf("%s is neither a list (from 'images -o json') nor an archive: %w", o.since, err)
	}
	defer archive.Close()
	return transfer.Inventory(archive)
}

// sourced reports whether one of the sources of the command has found an image. An image without
// reasons, such as those of archives, can be from any source.
func (o imagesOptions) sourced(img images.Image) bool {
	return len(o.scope.Sources) == 0 || len(img.Reasons) == 0 ||
		slices.ContainsFunc(img.Reasons, func(r images.Reason) bool { return slices.Contains(o.scope.Sources, r.Source) })
}

// olderName is the list or the archive of --since in messages.
func (o imagesOptions) olderName() string {
	if o.since == "-" {
		return "the list on stdin"
	}
	return o.since
}

// changes compares the images with those of the older list, and adds notes about what a comparison
// cannot tell.
func (o imagesOptions) changes(inv, older images.Inventory) images.Inventory {
	hasDigest := func(img images.Image) bool { return img.Digest != "" }
	changes := inv.Since(older)
	switch {
	case o.content.digests && len(older.Images) > 0 && !slices.ContainsFunc(older.Images, hasDigest):
		changes.Notes = append(changes.Notes, o.olderName()+" has no digests, so changed images are not known; a list with --digests has them")
	case !o.content.digests && slices.ContainsFunc(older.Images, hasDigest):
		changes.Notes = append(changes.Notes, "digests are not compared, so changed images are not known; --digests compares them")
	}
	if len(older.Gaps) > 0 {
		changes.Notes = append(changes.Notes, fmt.Sprintf("%s has %s, so images that are shown as new may have been needed before", o.olderName(), display.Count(len(older.Gaps), "gap")))
	}
	if len(inv.Gaps) > 0 && len(changes.Gone) > 0 {
		changes.Notes = append(changes.Notes, "the list of today has gaps, so images that are shown as gone may still be needed")
	}
	return changes
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
