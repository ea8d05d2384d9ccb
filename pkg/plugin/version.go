package plugin

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
)

// versionInfo is what the version command prints as a document.
type versionInfo struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Version    string   `json:"version"`
	GoVersion  string   `json:"goVersion"`
	Platform   string   `json:"platform"`
	Releases   []string `json:"kkpReleases"` // in the catalog, oldest first
}

func newVersionCommand(streams genericiooptions.IOStreams) *cobra.Command {
	output := newOutputFlags()
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version and the KKP releases that it knows",
		Long:  "Print the version of the plugin and the KKP releases in its catalog.",
		Example: `  kubectl kkp-mirror version
  kubectl kkp-mirror version -o json`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			printer, err := output.documentPrinter(cmd)
			if err != nil {
				return err
			}
			info := currentVersion()
			if printer != nil {
				return display.Document(streams.Out, printer, info)
			}
			fmt.Fprintf(streams.Out, "kkp-mirror %s (%s, %s)\nKKP releases: %s\n", info.Version, info.Platform, info.GoVersion, releaseRanges(info.Releases))
			return nil
		},
	}
	addGroups(cmd, flagGroup{"Output", output.addDocument})
	return cmd
}

func currentVersion() versionInfo {
	return versionInfo{
		APIVersion: documentVersion, Kind: "Version", Version: version,
		GoVersion: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Releases: catalog.Supported(),
	}
}

// releaseRanges writes releases that are ordered by version as one range for each minor.
func releaseRanges(releases []string) string {
	var ranges []string
	for i, start := 0, 0; i < len(releases); i++ {
		if i+1 < len(releases) && minorOf(releases[i+1]) == minorOf(releases[i]) {
			continue
		}
		text := releases[start]
		if i > start {
			text += "–" + releases[i]
		}
		ranges = append(ranges, text)
		start = i + 1
	}
	return strings.Join(ranges, ", ")
}

func minorOf(release string) string { return release[:strings.LastIndex(release, ".")] }
