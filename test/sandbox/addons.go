package sandbox

import (
	"context"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/upstream"
)

// fillAddons stores the images with addons, and those with charts. What is in them must be there before the images of
// the installation can be listed.
func (s *Sandbox) fillAddons(ctx context.Context) error {
	list := append(upstream.AddonImages(s.Ready.Version), upstream.ChartImages(s.Ready.Version)...)
	references, err := upstream.ReadReferences(strings.NewReader(strings.Join(list, "\n")))
	if err != nil {
		return err
	}
	_, err = upstream.Fill(ctx, s.upstreamRoot, references)

	return err
}
