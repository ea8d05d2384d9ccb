package option

import (
	"slices"

	"github.com/spf13/pflag"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
)

// ArchitectureFlags choose the architectures of nodes.
type ArchitectureFlags struct{ platforms []string }

// Add adds the flags to those of a command.
func (f *ArchitectureFlags) Add(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.platforms, "platform", nil, "List only files for nodes of these platforms, linux/amd64 or linux/arm64 (default: both)")
}

// Parse returns the architectures, such as "amd64"; none: all.
func (f *ArchitectureFlags) Parse() ([]string, error) {
	platforms, err := parsePlatforms(f.platforms)
	if err != nil {
		return nil, err
	}
	var architectures []string
	for _, p := range platforms {
		if p.OS != "linux" || !slices.Contains(files.Architectures(), p.Architecture) {
			return nil, Usagef("--platform %q: nodes are linux/amd64 or linux/arm64", p.String())
		}
		architectures = append(architectures, p.Architecture)
	}
	return architectures, nil
}
