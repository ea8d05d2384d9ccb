package option

import (
	"errors"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/spf13/pflag"
)

// ContentFlags are the flags for the copied parts of images, and for progress.
type ContentFlags struct {
	platforms []string
	value     Content
}

// Content has the options for the copied parts of images, and for progress.
type Content struct {
	Platforms   []v1.Platform // none: all
	NoReferrers bool
	Referrers   bool // a page lists the referrers of each image
	NoProgress  bool // a line for each image, also on a terminal
}

// Add adds the flags to those of a command.
func (f *ContentFlags) Add(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.platforms, "platform", nil,
		"Copy only these platforms. Changes an index's digest unless the registry accepts missing platforms; verify --fix adds those, a later sync does not. "+
			"Example: linux/amd64. Default: all")
	flags.BoolVar(&f.value.NoReferrers, "no-referrers", false, "Leave out referrers (signatures, attestations, SBOMs)")
	flags.BoolVar(&f.value.Referrers, "referrers", false, "On a page (html, csv), list the referrers of each image (signatures, attestations, SBOMs)")
	flags.BoolVar(&f.value.NoProgress, "no-progress", false, "Print a line for each copied image instead of a progress bar")
}

// Parse returns the value of the flags.
func (f *ContentFlags) Parse() (Content, error) {
	value := f.value
	var err error
	value.Platforms, err = ParsePlatforms(f.platforms)
	if err == nil && value.Referrers && value.NoReferrers {
		err = Usagef("--referrers and --no-referrers cannot be combined: referrers that are left out are not listed")
	}
	return value, err
}

// ParsePlatforms reads the values of --platform. A value that is no platform is a usage error.
func ParsePlatforms(texts []string) ([]v1.Platform, error) {
	var platforms []v1.Platform
	for _, text := range texts {
		platform, err := v1.ParsePlatform(text)
		if err == nil && (platform.OS == "" || platform.Architecture == "") {
			err = errors.New("write os/arch or os/arch/variant, such as linux/amd64")
		}
		if err != nil {
			return nil, Usagef("--platform %q: %w", text, err)
		}
		platforms = append(platforms, *platform)
	}
	return platforms, nil
}
