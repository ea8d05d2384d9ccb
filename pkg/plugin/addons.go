package plugin

import (
	"os"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/fetch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// addonSource returns the source of addons: a directory, or an image.
func addonSource(o option.Addons, registries *transfer.Registries) (discover.AddonSource, error) {
	source := discover.AddonSource{Image: o.Image, Images: fetch.NewReader(registries.Client)}
	if o.Path == "" {
		return source, nil
	}
	// An os.Root follows no link out of the directory. The root stays open while the command runs.
	root, err := os.OpenRoot(o.Path)
	if err != nil {
		return source, option.Usagef("--addons-path: %w", err)
	}
	source.Dir = root.FS()
	return source, nil
}
