package plugin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/pluginimage"
)

// NoExecutableError says that there is no executable of the plugin for an architecture of nodes.
type NoExecutableError struct {
	Architecture string
	Own          error // why this program does not fit; nil: it is for another architecture
}

func (e *NoExecutableError) Error() string {
	why := ""
	if e.Own != nil {
		why = ": " + e.Own.Error()
	}
	return fmt.Sprintf("the image of this plugin needs an executable for linux/%s, and this program is for %s/%s%s; pass the archive of a release with --plugin-archive kubectl-kkp_mirror_%s_linux_%s.tar.gz",
		e.Architecture, runtime.GOOS, runtime.GOARCH, why, version, e.Architecture)
}

// printImage puts the image of this plugin into the target, and prints its reference.
func (o syncOptions) printImage(ctx context.Context) error {
	registries, err := newRegistries(o.registry, o.streams.ErrOut)
	if err != nil {
		return err
	}
	executables, err := o.executables(o.pod.image, o.inCluster.PluginArchives)
	if err != nil {
		return err
	}
	ref, err := o.putImage(ctx, registries, executables)
	if err != nil {
		return err
	}
	fmt.Fprintln(o.streams.Out, ref)
	return nil
}

// executables returns the executables of the plugin for architectures, sorted: those of archives of
// a release, or else this program.
func (s selection) executables(architectures, archives []string) ([]pluginimage.Executable, error) {
	found := map[string]pluginimage.Executable{}
	for _, path := range archives {
		e, checksum, err := readArchive(path)
		if err != nil {
			return nil, fmt.Errorf("--plugin-archive %s: %w", path, err)
		}
		fmt.Fprintf(s.streams.ErrOut, "note: the executable for linux/%s is from %s, whose SHA-256 checksum is %s\n", e.Architecture, path, checksum)
		found[e.Architecture] = e
	}
	needed := map[string]bool{}
	var own error
	for _, architecture := range architectures {
		needed[architecture] = true
		if _, ok := found[architecture]; ok || own != nil {
			continue
		}
		var e pluginimage.Executable
		if e, own = ownExecutable(); own == nil {
			found[e.Architecture] = e
		}
	}
	var sorted []pluginimage.Executable
	for _, architecture := range slices.Sorted(maps.Keys(needed)) {
		e, ok := found[architecture]
		if !ok {
			return nil, &NoExecutableError{Architecture: architecture, Own: own}
		}
		sorted = append(sorted, e)
	}
	return sorted, nil
}

func readArchive(path string) (pluginimage.Executable, string, error) {
	file, err := os.Open(path)
	if err != nil {
		return pluginimage.Executable{}, "", err
	}
	defer file.Close()
	return pluginimage.Archive(file)
}

// ownExecutable reads this program. The program of a release makes the same image as the release.
func ownExecutable() (pluginimage.Executable, error) {
	path, err := os.Executable()
	if err != nil {
		return pluginimage.Executable{}, err
	}
	file, err := os.Open(path)
	if err != nil {
		return pluginimage.Executable{}, err
	}
	defer file.Close()
	e, err := pluginimage.Read(file)
	if at, failed := time.Parse(time.RFC3339, committed); failed == nil {
		e.Modified = at.UTC()
	}
	return e, err
}

// putImage puts the image of the plugin into the target, at the place that the image of a release
// has in a mirror, and returns its reference by digest. An image that the target has is not sent
// again.
func (s selection) putImage(ctx context.Context, registries *transfer.Registries, executables []pluginimage.Executable) (images.Ref, error) {
	dir, err := os.MkdirTemp("", "kkp-mirror-image-")
	if err != nil {
		return images.Ref{}, err
	}
	defer os.RemoveAll(dir)
	from, inv, err := packImage(ctx, "oci:"+filepath.Join(dir, "layout"), executables)
	if err != nil {
		return images.Ref{}, fmt.Errorf("the image of this plugin: %w", err)
	}
	defer from.Close()
	plan := images.NewPlan(inv, s.target)
	report := registries.Copy(ctx, plan, transfer.Options{Jobs: s.registry.Jobs, From: from, NoReferrers: true})
	if ctx.Err() != nil {
		return images.Ref{}, ctx.Err()
	}
	if r := report.Results[0]; r.Outcome == images.Failed {
		return images.Ref{}, fmt.Errorf("the image of this plugin: %s\n%s", r.Error, r.Remedy)
	}
	return plan.Copies[0].Target, nil
}

// packImage builds the image of the plugin in an archive, and opens the archive. The image is the only
// one of the inventory.
func packImage(ctx context.Context, name string, executables []pluginimage.Executable) (*transfer.Archive, images.Inventory, error) {
	index, err := pluginimage.Index(version, executables)
	if err != nil {
		return nil, images.Inventory{}, err
	}
	into, err := transfer.CreateArchive(name)
	if err != nil {
		return nil, images.Inventory{}, err
	}
	desc, err := pluginimage.Write(into, index)
	if err != nil {
		return nil, images.Inventory{}, errors.Join(err, into.Close())
	}
	registry, repository, _ := strings.Cut(pluginimage.Name, "/")
	img := images.Image{Ref: images.Ref{Registry: registry, Repository: repository, Digest: desc.Digest.String()}, Digest: desc.Digest.String()}
	if err := into.Tag(img.Ref.String(), desc); err != nil {
		return nil, images.Inventory{}, errors.Join(err, into.Close())
	}
	if err := into.Finish(); err != nil {
		return nil, images.Inventory{}, err
	}
	archive, err := transfer.OpenArchive(ctx, name)
	return archive, images.Inventory{Images: []images.Image{img}}, err
}
