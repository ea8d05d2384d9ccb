package plugin

import (
	"cmp"
	"context"
	"slices"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/need"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/profiles"
)

// findUpgrade checks what the planned release needs, and the running one does not.
func findUpgrade(ctx context.Context, s *checkState) []check.Finding {
	findings := check.Upgrade{Installation: s.inst, Running: s.release, Planned: s.planned}.Findings()
	findings = append(s.plannedFiles(ctx), findings...)
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
	content.Sources = s.sources(ctx, content.WithoutDigest())
	return append(content.Findings(), findings...)
}

// plannedFiles compares the files that only new nodes of the planned release download with the mirror
// of files of their Seed.
func (s *checkState) plannedFiles(ctx context.Context) []check.Finding {
	known, err := s.profiles(ctx)
	if err != nil {
		return check.FileGaps("files of new nodes", []images.Gap{{Source: need.Profiles, Error: err.Error()}})
	}
	var findings []check.Finding
	for _, seed := range s.inst.Seeds {
		added, err := s.addedFiles(ctx, seed)
		if err != nil {
			return check.FileGaps("files of new nodes on Seed "+seed.Name, []images.Gap{{Source: need.Profiles, Error: err.Error()}})
		}
		mirror := check.Files{
			Section: check.SectionUpgrade, Base: cmp.Or(known.settings[seed.Name].files, s.filesURL), Command: s.filesCommand("--kkp-version", s.upgrade),
		}
		switch {
		case len(added.Items) > 0 && mirror.Base != "":
			mirror.Results = s.nodeFiles(ctx, mirror.Base, added.Items)
			findings = append(findings, mirror.Findings()...)
		case len(added.Items) > 0:
			findings = append(findings, check.NoFileMirror(seed.Name, len(added.Items)))
		}
		findings = append(findings, check.FileGaps("files of new nodes on Seed "+seed.Name, added.Gaps)...)
	}
	return findings
}

// addedFiles lists what new nodes of the planned release download, and those of the running one do not.
func (s *checkState) addedFiles(ctx context.Context, seed kkp.Seed) (files.FileList, error) {
	planned, err := s.filesOf(ctx, seed, s.planned)
	if err != nil {
		return planned, err
	}
	today, err := s.filesOf(ctx, seed, s.release)
	planned.Items = slices.DeleteFunc(planned.Items, func(item files.Item) bool {
		return slices.ContainsFunc(today.Items, func(other files.Item) bool { return other.Path == item.Path })
	})
	planned.Gaps = slices.DeleteFunc(planned.Gaps, func(gap images.Gap) bool { return slices.Contains(today.Gaps, gap) })
	return planned, err
}

// filesOf lists what new nodes of a release download in user clusters of a Seed, with the profiles that
// are there before they are rewritten. The error says that the command was interrupted, or that no
// worker could be started.
func (s *checkState) filesOf(ctx context.Context, seed kkp.Seed, release *catalog.Release) (files.FileList, error) {
	workers, err := newWorkers()
	if err != nil {
		return files.FileList{}, err
	}
	defer workers.Close()
	inst := s.inst
	inst.Seeds = []kkp.Seed{profiles.Unrewritten(seed)}
	inst.Unread = nil // other sections tell
	list := need.Find(ctx, need.Input{
		Installation: inst, Release: release, Clusters: discover.UserClusters(inst, release, discover.Options{}),
		Trace: func(ctx context.Context, q files.Request) (files.Answer, error) {
			return profileJob().Run(ctx, workers, q)
		},
	})
	return list, ctx.Err()
}
