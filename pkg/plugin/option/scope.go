package option

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/spf13/pflag"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// ScopeFlags narrow or widen the list of images.
type ScopeFlags struct {
	known []string // sources
	value Scope
}

// NewScopeFlags returns the flags for the sources of images that exist.
func NewScopeFlags(sources []string) *ScopeFlags { return &ScopeFlags{known: sources} }

// Scope narrows or widens the list of images.
type Scope struct {
	All             bool     // everything that the KKP release can use
	Sources         []string // none: all
	Providers       []string // cloud providers; none: those in use
	VersionFilter   string   // the text of Versions
	Versions        *semver.Constraints
	Prefix          string   // of the full names of images
	Exclude         []string // images that are left out by decision
	IgnoreOverrides bool     // upstream names are listed
	Charts          Charts
	Addons          Addons
}

// AddClusters adds only the flags that say which user clusters count, for a list of some
// things.
func (f *ScopeFlags) AddClusters(flags *pflag.FlagSet, things string) {
	flags.BoolVar(&f.value.All, "all", false, "List all "+things+" that the KKP release can use, not only those that this installation uses")
	f.addFilters(flags, things)
}

func (f *ScopeFlags) addFilters(flags *pflag.FlagSet, things string) {
	flags.StringSliceVar(&f.value.Providers, "provider-filter", nil, "List only "+things+" for these cloud providers, such as aws,vsphere")
	flags.StringVar(&f.value.VersionFilter, "version-filter", "", "List only "+things+` for these Kubernetes versions, a constraint such as ">=1.34 <1.36"`)
	check(flags, "version-filter", f.readVersions)
}

// Add adds the flags to those of a command.
func (f *ScopeFlags) Add(flags *pflag.FlagSet) {
	flags.BoolVar(&f.value.All, "all", false, "List all images that the KKP release can use, not only those that this installation uses")
	flags.StringSliceVar(&f.value.Sources, "source", nil, "List only images from these sources: "+strings.Join(f.known, ", "))
	f.addFilters(flags, "images")
	flags.StringVar(&f.value.Prefix, "registry-prefix", "", "List only images whose full name has this prefix, such as quay.io/kubermatic/")
	AddExclude(flags, &f.value.Exclude, "Leave out this image, by decision, and record that (repository with or without registry, tag and digest; repeatable)")
	flags.BoolVar(&f.value.IgnoreOverrides, "ignore-repository-overrides", true,
		"List upstream names, also where KKP is configured to pull from another registry")
	f.value.Charts.add(flags)
	f.value.Addons.add(flags)
}

func (f *ScopeFlags) readVersions(text string) error {
	f.value.Versions = nil
	if text == "" {
		return nil
	}
	constraint, err := semver.NewConstraint(text)
	if err != nil {
		return Usagef("--version-filter %q: %w; write a constraint such as \">=1.34 <1.36\"", text, err)
	}
	f.value.Versions = constraint
	return nil
}

// Parse returns the value of the flags.
func (f *ScopeFlags) Parse() (Scope, error) {
	for _, source := range f.value.Sources {
		if !slices.Contains(f.known, source) {
			return Scope{}, Usagef("--source: unknown source %q; known sources: %s", source, strings.Join(f.known, ", "))
		}
	}
	return f.value, f.value.Addons.check()
}

// Select keeps the images whose full name begins with Prefix, and leaves out those of
// Exclude. It returns the values of Exclude that mean no image, and an error if a prefix
// selects none of the images.
func (s Scope) Select(inv images.Inventory, target images.Target) (selected images.Inventory, unused []string, err error) {
	selected = inv.Where(func(img images.Image) bool { return strings.HasPrefix(img.Ref.String(), s.Prefix) })
	if len(selected.Images) == 0 && len(inv.Images) > 0 {
		advice := ""
		if target.Registry != "" {
			advice = fmt.Sprintf(". A path in the target is part of TARGET: %s", images.Target{Registry: target.Registry, Prefix: strings.Trim(s.Prefix, "/")})
		}
		return selected, nil, fmt.Errorf("--registry-prefix %s selects none of the %d images that are needed: it is the beginning of their full names, such as %s/%s",
			s.Prefix, len(inv.Images), inv.Images[0].Ref.Registry, advice)
	}
	selected, unused = selected.Excluding(s.Exclude)
	return selected, unused, nil
}

// Charts names charts in addition to those of installed releases.
type Charts struct {
	Directory string   // "": none
	Values    []string // files with Helm values, later ones win
}

func (c *Charts) add(flags *pflag.FlagSet) {
	flags.StringVar(&c.Directory, "charts-directory", "", "Also list the images of the Helm charts in this directory, such as the charts of a KKP release")
	flags.StringSliceVar(&c.Values, "helm-values", nil, "Files with Helm values for the charts in --charts-directory and in KKP's image; later files take precedence")
}

// Addons names where KKP's addons are read, if not from the image that KKP runs.
type Addons struct {
	Path  string // a directory, or ""
	Image string // a reference, or ""
}

func (a *Addons) add(flags *pflag.FlagSet) {
	flags.StringVar(&a.Path, "addons-path", "", "Read KKP's addons from this directory instead of from their image")
	flags.StringVar(&a.Image, "addons-image", "", "Read KKP's addons from this image (default: the image that KKP runs)")
	check(flags, "addons-image", func(text string) error {
		if text == "" {
			return nil
		}
		if _, err := images.ParseRef(text); err != nil {
			return Usagef("--addons-image: %w", err)
		}
		return nil
	})
}

func (a *Addons) check() error {
	if a.Path != "" && a.Image != "" {
		return Usagef("--addons-path and --addons-image cannot be combined")
	}
	return nil
}
