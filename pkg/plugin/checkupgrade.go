package plugin

import (
	"context"
	"slices"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// findUpgrade checks what the planned release needs, and the running one does not.
func findUpgrade(ctx context.Context, s *checkState) []check.Finding {
	findings := check.Upgrade{Installation: s.inst, Running: s.release, Planned: s.planned}.Findings()
	if !s.hasMirror() {
		return findings
	}
	today, err := s.needed(ctx)
	if err != nil {
		return findings // interrupted
	}
	planned, err := s.inventory(ctx, s.planned)
	if err != nil {
		return findings // interrupted
	}
	added := planned.Without(today)
	added.Gaps = slices.DeleteFunc(slices.Clone(added.Gaps), func(gap images.Gap) bool { return slices.Contains(today.Gaps, gap) })
	content := check.Content{
		Section: check.SectionUpgrade, Inventory: added, Target: s.target, Digests: s.digests(),
		Copy:     s.command("sync", append([]string{"--kkp-version", s.upgrade}, s.excluded()...)...),
		CopyLock: s.command("sync", "--images", s.list),
	}
	content.Answers = s.answersOf(ctx, check.Places(added, s.target))
	return append(content.Findings(), findings...)
}
