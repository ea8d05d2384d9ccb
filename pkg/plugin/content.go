package plugin

import (
	"context"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/spf13/pflag"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/contentcache"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// contentFlags are the flags of the images command that read from registries.
type contentFlags struct {
	digests   bool
	sizes     bool
	referrers bool
	platforms []string
}

// add adds the flags to those of a command.
func (f *contentFlags) add(flags *pflag.FlagSet) {
	flags.BoolVar(&f.digests, "digests", false, "Resolve the digest of every image at its registry")
	flags.BoolVar(&f.sizes, "sizes", false, "Read the compressed size and the date of every image, and its digest. Totals count once what images share. Docker Hub counts a pull for each manifest that was not read before")
	flags.BoolVar(&f.referrers, "referrers", false, "List the referrers of every image (signatures, SBOMs, attestations); includes --sizes")
	flags.StringSliceVar(&f.platforms, "platform", nil, "With --sizes: only these platforms are in scope, and the size of the others is shown, too. Example: linux/amd64. Default: all")
}

// parse returns the value of the flags.
func (f *contentFlags) parse() (contentOptions, error) {
	o := contentOptions{sizes: f.sizes || f.referrers, referrers: f.referrers}
	o.digests = f.digests || o.sizes
	var err error
	o.platforms, err = option.ParsePlatforms(f.platforms)
	if err == nil && len(o.platforms) > 0 && !o.sizes {
		err = option.Usagef("--platform selects the platforms whose sizes are read: pass --sizes, too")
	}
	return o, err
}

// contentOptions say what the images command reads from registries.
type contentOptions struct {
	digests   bool
	sizes     bool
	referrers bool
	platforms []v1.Platform
}

// read reads digests and sizes of the images of an inventory. What cannot be read is a gap.
func (o contentOptions) read(ctx context.Context, registries *transfer.Registries, inv *images.Inventory, jobs int) {
	if o.digests {
		resolveDigests(ctx, registries, inv, jobs)
	}
	if o.sizes {
		opts := transfer.Options{Jobs: jobs, Platforms: o.platforms, NoReferrers: !o.referrers}
		if kept := keptManifests(); kept != nil {
			opts.Kept = kept
		}
		registries.Measure(ctx, inv, opts)
	}
}

// keptManifests returns the manifests that earlier runs have read. Nothing is kept for a user
// without a cache directory.
func keptManifests() *contentcache.Cache {
	dir, err := os.UserCacheDir()
	if err != nil {
		return nil
	}
	return contentcache.New(filepath.Join(dir, "kubectl-kkp_mirror", "manifests"))
}
