package upstream

import "embed"

// kubermatic is the image that has KKP's charts in it.
const kubermatic = "quay.io/kubermatic/kubermatic"

// ChartImages are images with Helm charts in them.
func ChartImages(version string) []string { return []string{kubermatic + ":" + version} }

// charts are Helm charts that no release of the sandbox has installed.
//
//go:embed charts
var charts embed.FS
