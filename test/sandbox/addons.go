package sandbox

import (
	"context"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/sample"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/upstream"
)

// fillAddons stores the images with addons, and those with charts. What is in them must be there before the images of
// the installation can be listed.
func (s *Sandbox) fillAddons(ctx context.Context) error {
	var list []string
	versions := []string{s.Ready.Version, sample.Releases()[0].Version} // of this release, and of an upgrade
	for _, version := range slices.Compact(versions) {
		list = append(list, upstream.AddonImages(version)...)
		list = append(list, upstream.ChartImages(version)...)
	}
	references, err := upstream.ReadReferences(strings.NewReader(strings.Join(list, "\n")))
	if err != nil {
		return err
	}
	_, err = upstream.Fill(ctx, s.upstreamRoot, s.workload, references)

	return err
}
