package plugin

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/fetch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// addonFlags say where KKP's addons are.
type addonFlags struct {
	path  string
	image string
}

func (f *addonFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.path, "addons-path", "", "Read KKP's addons from this directory, not from their image")
	flags.StringVar(&f.image, "addons-image", "", "Read KKP's addons from this image (default: the one that KKP runs)")
}

// source returns where addons are read.
func (f *addonFlags) source(cmd *cobra.Command, registries *transfer.Registries) (discover.AddonSource, error) {
	source := discover.AddonSource{Image: f.image, Images: fetch.NewReader(registries.Client)}
	switch {
	case f.path != "" && f.image != "":
		return source, usageError(cmd, errors.New("--addons-path and --addons-image exclude each other"))
	case f.image != "":
		if _, err := images.ParseRef(f.image); err != nil {
			return source, usageError(cmd, fmt.Errorf("--addons-image: %w", err))
		}
	case f.path != "":
		// A root keeps links from leading out of the directory. It stays open while the command runs.
		root, err := os.OpenRoot(f.path)
		if err != nil {
			return source, usageError(cmd, fmt.Errorf("--addons-path: %w", err))
		}
		source.Dir = root.FS()
	}
	return source, nil
}
