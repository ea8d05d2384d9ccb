package plugin

import (
	"context"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// versionInfo is the document of the version command.
type versionInfo struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Version    string   `json:"version"`
	GoVersion  string   `json:"goVersion"`
	Platform   string   `json:"platform"`
	Releases   []string `json:"kkpReleases"` // in the catalog, oldest first
	// Settings are the default values for flags, by name.
	Settings []versionSetting `json:"settings,omitempty"`
}

// versionSetting is a default value for a flag.
type versionSetting struct {
	Name   string   `json:"name"`
	Values []string `json:"values"` // one, unless the flag is a list
	Origin string   `json:"origin"` // FILE:LINE or $VARIABLE
}

func newVersionCommand(streams genericiooptions.IOStreams, defaults *option.Defaults) *cobra.Command {
	f := &versionFlags{streams: streams, defaults: defaults, output: option.NewOutputFlags()}
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version and the supported KKP releases",
		Long: `Print the version of the plugin, the KKP releases in its catalog, and the default values of
flags from the environment and from the configuration file, with their origins.`,
		Example: `  kubectl kkp-mirror version
  kubectl kkp-mirror version -o json`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return execute(cmd.Context(), f.complete, cmd.Flags(), args)
		},
	}
	option.AddGroups(cmd.Flags(), option.Group{Title: "Output", Add: f.output.AddDocument})
	return cmd
}

// versionFlags are the flags of the version command.
type versionFlags struct {
	streams  genericiooptions.IOStreams
	defaults *option.Defaults
	output   *option.OutputFlags
}

func (f *versionFlags) complete(*pflag.FlagSet, []string) (versionOptions, error) {
	output, err := f.output.Parse()
	return versionOptions{streams: f.streams, defaults: f.defaults, output: output}, err
}

// versionOptions are the options of the version command.
type versionOptions struct {
	streams  genericiooptions.IOStreams
	defaults *option.Defaults
	output   option.Output
}

func (versionOptions) validate() error { return nil }

func (o versionOptions) run(context.Context) error {
	set, err := o.defaults.Settings()
	if err != nil {
		return err
	}
	info := currentVersion()
	for _, s := range set {
		info.Settings = append(info.Settings, versionSetting{Name: s.Name, Values: s.Values, Origin: s.Origin})
	}
	if o.output.Printer != nil {
		return display.Document(o.streams.Out, o.output.Printer, info)
	}
	fmt.Fprintf(o.streams.Out, "kkp-mirror %s (%s, %s)\nKKP releases: %s\n", info.Version, info.Platform, info.GoVersion, display.ReleaseRanges(info.Releases))
	for _, s := range set {
		fmt.Fprintln(o.streams.Out, display.Setting(s))
	}
	return nil
}

func currentVersion() versionInfo {
	return versionInfo{
		APIVersion: images.APIVersion, Kind: "Version", Version: version,
		GoVersion: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Releases: catalog.Supported(),
	}
}
