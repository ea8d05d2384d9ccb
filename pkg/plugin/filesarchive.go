package plugin

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/artifact"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/mirror"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// load copies the files of an archive to the directory.
func (o filesOptions) load(ctx context.Context) error {
	archive, err := transfer.OpenArchive(ctx, o.loadFrom)
	if err != nil {
		return fmt.Errorf("--load-from: %w", err)
	}
	defer archive.Close()
	shelf, err := artifact.Open(archive)
	if err != nil {
		return fmt.Errorf("--load-from: %w", err)
	}
	if len(shelf.Items()) == 0 {
		return fmt.Errorf("--load-from: %s has no files of nodes; 'sync --with-files' writes them into an archive", o.loadFrom)
	}
	return o.copy(ctx, files.FileList{Items: shelf.Items()}, mirror.Options{Open: shelf.Content, Jobs: o.download.Jobs})
}

// nodeFiles are the files of nodes that sync copies as artifacts.
type nodeFiles struct {
	plan    images.Plan
	archive *transfer.Archive // that has them
	report  files.FilesReport // of their download
}

// close closes the archive.
func (n nodeFiles) close() error {
	if n.archive == nil {
		return nil
	}
	return n.archive.Close()
}

// downloadFiles downloads the files of nodes to the cache of the user, verifies each file, and packs
// the downloaded files into an archive beside them.
func (o syncOptions) downloadFiles(ctx context.Context) (nodeFiles, error) {
	var n nodeFiles
	var architectures []string
	for _, p := range o.content.Platforms {
		architectures = append(architectures, p.Architecture)
	}
	list, err := fileSelection{streams: o.streams, installation: o.installation, scope: o.scope, architectures: architectures}.find(ctx)
	if err != nil {
		return n, err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return n, err
	}
	dir := filepath.Join(cache, "kubectl-kkp_mirror", "files")
	opts := mirrorOptions(o.files)
	progress := display.NewFileProgress(o.streams.ErrOut, len(list.Items), o.content.NoProgress)
	opts.Observer = progress
	results, err := mirror.Copy(ctx, dir, list.Items, opts)
	progress.Close()
	if err != nil {
		return n, err
	}
	n.report = files.Report(dir, results, list.Gaps)
	display.FilesReport(o.streams.ErrOut, o.streams.ErrOut, n.report)
	if ctx.Err() != nil {
		return n, ctx.Err()
	}
	return n, n.pack(ctx, dir, list, o.target)
}

// pack packs the files that were downloaded.
func (n *nodeFiles) pack(ctx context.Context, dir string, list files.FileList, target images.Target) error {
	good := map[string]bool{}
	for _, r := range n.report.Items {
		good[r.Path] = r.Outcome.Good()
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	name := "oci:" + filepath.Join(dir, ".oci")
	into, err := transfer.CreateArchive(name)
	if err != nil {
		return err
	}
	var inventory images.Inventory
	for _, item := range list.Items {
		if !good[item.Path] && !good[item.ChecksumOf] {
			continue
		}
		img, err := artifact.Pack(into, item, func() (io.ReadCloser, error) { return root.Open(item.Path) })
		if err != nil {
			return fmt.Errorf("%s: %w", item.Path, err)
		}
		inventory.Images = append(inventory.Images, img)
	}
	if err := into.Finish(); err != nil {
		return err
	}
	if n.archive, err = transfer.OpenArchive(ctx, name); err != nil {
		return err
	}
	n.plan = images.NewPlan(inventory, target)
	return nil
}

// copyFiles copies the files of nodes to the target of the images, and adds the results.
func (o syncOptions) copyFiles(ctx context.Context, registries *transfer.Registries, opts transfer.Options, report *images.Report) (files.FilesReport, error) {
	n, err := o.downloadFiles(ctx)
	if err != nil {
		return n.report, err
	}
	opts.From, opts.Since, opts.Platforms = n.archive, nil, nil
	progress := o.newProgress(len(n.plan.Copies))
	opts.Observer = progress
	copied := registries.Copy(ctx, n.plan, opts)
	progress.Close()
	report.Results = append(report.Results, copied.Results...)
	return n.report, n.close()
}

// filesFailures returns a *PartialError for files that could not be downloaded.
func filesFailures(report files.FilesReport) error {
	if bad := report.Bad(); bad > 0 {
		return &PartialError{Message: fmt.Sprintf("%d of %s could not be copied", bad, display.Count(len(report.Items), "file"))}
	}
	return fileGapsError(report.Gaps)
}

// withFiles returns a usage error for --with-files without an installation.
func withFiles(o syncOptions) error {
	switch {
	case !o.withFiles:
		return nil
	case o.loadFrom != "":
		return option.Usagef("--with-files and --load-from cannot be combined: the files in an archive are copied with its images; 'files DIR --load-from' copies them to a directory")
	case o.list != "":
		return option.Usagef("--with-files and --images cannot be combined: a list of images does not have the files that nodes download")
	}
	return nil
}
