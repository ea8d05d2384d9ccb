package plugin

import (
	"os"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/fetch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// addonSource returns where addons are read.
func addonSource(o option.Addons, registries *transfer.Registries) (discover.AddonSource, error) {
	source := discover.AddonSource{Image: o.Image, Images: fetch.NewReader(registries.Client)}
	if o.Path == "" {
		return source, nil
	}
	// A root keeps links from leading out of the directory. It stays open while the command runs.
	root, err := os.OpenRoot(o.Path)
	if err != nil {
		return source, option.Usagef("--addons-path: %w", err)
	}
	source.Dir = root.FS()
	return source, nil
}
