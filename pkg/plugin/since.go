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

// earlier is the older list, lock or archive of --since. The zero value is none.
type earlier struct {
	name    string            // in messages; "": none
	archive *transfer.Archive // nil: a list
	list    images.Inventory
}

// readEarlier reads a list or opens an archive; "" is none. The caller must call close.
func readEarlier(ctx context.Context, path string, stdin io.Reader) (earlier, error) {
	e := earlier{name: path}
	var err error
	switch {
	case path == "":
	case isList(path):
		if path == "-" {
			e.name = "the list on stdin"
		}
		e.list, err = olderList(path, stdin)
	default:
		e.archive, err = transfer.OpenArchive(ctx, path)
	}
	return e, err
}

func (e earlier) close() {
	if e.archive != nil {
		_ = e.archive.Close() // read only
	}
}

// images returns the images of the list or the archive, within a scope, as far as names and sources
// tell.
func (e earlier) images(scope option.Scope) (images.Inventory, error) {
	inv := e.list
	if e.archive != nil {
		var err error
		if inv, err = transfer.Inventory(e.archive); err != nil {
			return inv, err
		}
	}
	return inv.Where(func(img images.Image) bool {
		return strings.HasPrefix(img.Ref.String(), scope.Prefix) && sourced(img, scope.Sources)
	}), nil
}

// sourced reports whether one of some sources has found an image; none: any source. An image without
// reasons, such as those of archives, can be from any source.
func sourced(img images.Image, sources []string) bool {
	return len(sources) == 0 || len(img.Reasons) == 0 ||
		slices.ContainsFunc(img.Reasons, func(r images.Reason) bool { return slices.Contains(sources, r.Source) })
}

// limits say what a comparison with the images of the older list cannot tell. digests is true if the
// digests of today were read.
func (e earlier) limits(changes, older images.Inventory, digests bool) []string {
	var notes []string
	hasDigest := func(img images.Image) bool { return img.Digest != "" }
	switch {
	case digests && len(older.Images) > 0 && !slices.ContainsFunc(older.Images, hasDigest):
		notes = append(notes, e.name+" has no digests, so changed images are not known; a list with --digests has them")
	case !digests && slices.ContainsFunc(older.Images, hasDigest):
		notes = append(notes, "digests are not compared, so changed images are not known; --digests compares them")
	}
	if len(older.Gaps) > 0 {
		notes = append(notes, fmt.Sprintf("%s has %s, so images that are shown as new may have been needed before", e.name, display.Count(len(older.Gaps), "gap")))
	}
	if len(changes.Gaps) > 0 && len(changes.Gone) > 0 {
		notes = append(notes, "the list of today has gaps, so images that are shown as gone may still be needed")
	}
	return notes
}

// tell prints how many images are new, changed or gone since the older list, if one is given.
func (e earlier) tell(errOut io.Writer, changes images.Inventory) {
	if e.name != "" {
		fmt.Fprintln(errOut, display.Changes(changes, e.name))
	}
}

// newer returns the plan for an archive without the images that a list of --since has with the same
// digest. Images of an archive of --since are left out while they are copied.
func (o syncOptions) newer(ctx context.Context, p planned, since earlier) images.Plan {
	if since.name == "" || since.archive != nil || o.target.Archive == "" {
		return p.plan
	}
	known := map[images.Ref]images.Image{}
	for _, img := range since.list.Images {
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
	return plan
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
// command.
func (o imagesOptions) older(ctx context.Context) (earlier, images.Inventory, error) {
	since, err := readEarlier(ctx, o.since, o.streams.In)
	defer since.close()
	if err != nil && !isList(o.since) && !errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%s is neither a list (from 'images -o json') nor an archive: %w", o.since, err)
	}
	var older images.Inventory
	if err == nil {
		older, err = since.images(o.scope)
	}
	if err != nil {
		return since, older, option.Usagef("--since: %w", err)
	}
	return since, older.Where(o.shown), nil
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
