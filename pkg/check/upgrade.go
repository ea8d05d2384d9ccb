package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// upgradeDefinitions returns the checks of the section upgrade.
func upgradeDefinitions() []Definition {
	at := func(name string, meaning, remedy string, statuses ...Status) Definition {
		return Definition{ID: id(SectionUpgrade, name), Statuses: statuses, Meaning: meaning, Remedy: remedy}
	}
	return append([]Definition{
		at("images", "how many images and charts of the planned release, which are not needed today, are in the mirror", "", StatusOK),
		at("image-missing", "an image or chart of the planned release that the mirror lacks", "`sync --kkp-version`", StatusNotReady),
		at("image-different", "an image or chart of the planned release whose digest in the mirror is not that of the lock or of the reference", "`sync --kkp-version`", StatusNotReady),
		at("place-missing", "an image of the planned release that the mirror lacks in its second place", "`sync --kkp-version`", StatusNotReady),
		at("image-unknown", "images of the planned release that could not be looked up", "repair the access of this machine to the mirror", StatusUnknown),
		at("list", "a gap in the list of images of the planned release", "remove the cause of the gap, such as an image of KKP that the mirror lacks", StatusUnknown),
		at("file", "whether the mirror of files has what new nodes of the planned release download in addition", "`files DIR --kkp-version`, and serve the directory", StatusOK, StatusNotReady, StatusUnknown),
		at("kubernetes", "a user cluster whose Kubernetes version the planned release does not support", "upgrade the user cluster first", StatusOK, StatusNotReady, StatusUnknown),
		at("field-new", "a repository field that the planned release has, and the running one has not", "run `patch-config` during the upgrade, after the new CustomResourceDefinitions are installed", StatusWarning),
	}, sourcesDefinitions(SectionUpgrade, "`sync --kkp-version`")...)
}

// Upgrade is an upgrade of KKP.
type Upgrade struct {
	Installation     kkp.Installation
	Running, Planned *catalog.Release
}

// Findings judges what an upgrade needs apart from images.
func (u Upgrade) Findings() []Finding { return append(u.kubernetes(), u.fields()...) }

// kubernetes judges the versions of the user clusters.
func (u Upgrade) kubernetes() []Finding {
	supported := minors(u.Planned.Kubernetes())
	var findings []Finding
	clusters := 0
	for _, seed := range u.Installation.Seeds {
		for _, cluster := range seed.Clusters {
			clusters++
			dropped := slices.DeleteFunc(slices.Clone(cluster.Versions), func(version string) bool { return slices.Contains(supported, minor(version)) })
			if len(dropped) == 0 {
				continue
			}
			findings = append(findings, Finding{
				ID: id(SectionUpgrade, "kubernetes"), Status: StatusNotReady, Subject: "user cluster " + cluster.Name + " on Seed " + seed.Name,
				Reason: fmt.Sprintf("runs Kubernetes %s, and KKP %s supports %s", strings.Join(dropped, ", "), u.Planned.Version(), strings.Join(supported, ", ")),
				Remedy: &Remedy{Text: "upgrade the user cluster to a supported version before KKP"},
			})
		}
	}
	unknown := u.unread()
	if len(findings)+len(unknown) == 0 && clusters > 0 {
		findings = append(findings, Finding{
			ID: id(SectionUpgrade, "kubernetes"), Status: StatusOK, Subject: plural(clusters, "user cluster", "user clusters"),
			Reason: fmt.Sprintf("KKP %s supports their Kubernetes versions", u.Planned.Version()),
		})
	}
	return append(findings, unknown...)
}

// unread returns a finding for each reason why user clusters are not known.
func (u Upgrade) unread() []Finding {
	var findings []Finding
	for _, g := range unreadParts(u.Installation.Unread, kkp.PartSeeds, kkp.PartClusters) {
		findings = append(findings, finding(id(SectionUpgrade, "kubernetes"), StatusUnknown, "user clusters: "+named(g.subjects), g.cause, unreadRemedy))
	}
	return findings
}

// minors returns the minor versions of some versions, each once, in their order.
func minors(versions []string) []string {
	var all []string
	for _, version := range versions {
		if m := minor(version); !slices.Contains(all, m) {
			all = append(all, m)
		}
	}
	return all
}

// minor returns "1.35" for "v1.35.7", and a text that is no version unchanged.
func minor(version string) string {
	parsed, err := semver.NewVersion(version)
	if err != nil {
		return version
	}
	return fmt.Sprintf("%d.%d", parsed.Major(), parsed.Minor())
}

// fields names the repository fields that only the planned release has.
func (u Upgrade) fields() []Finding {
	var findings []Finding
	for _, setting := range u.Planned.Settings() {
		same := func(other catalog.Setting) bool {
			return other.Object == setting.Object && other.Field == setting.Field
		}
		if slices.ContainsFunc(u.Running.Settings(), same) || setting.Edition != "" && setting.Edition != u.Planned.Edition() {
			continue
		}
		findings = append(findings, Finding{
			ID: id(SectionUpgrade, "field-new"), Status: StatusWarning, Subject: setting.Object + " " + setting.Field,
			Reason: fmt.Sprintf("KKP %s has this field for %s, and %s has not", u.Planned.Version(), strings.Join(setting.Components, " and "), u.Running.Version()),
			Remedy: &Remedy{Text: "during the upgrade, run patch-config after the new CustomResourceDefinitions are installed, and before the new operator is"},
		})
	}
	return findings
}

// NoFileMirror is the finding for a Seed whose profiles name no mirror of files, although new nodes of
// the planned release download files that those of today do not.
func NoFileMirror(seed string, n int) Finding {
	return finding(id(SectionUpgrade, "file"), StatusUnknown, "files of new nodes on Seed "+seed,
		"no operating system profile names a mirror of files that could have "+plural(n, "file", "files")+" of the planned release",
		"name the mirror with --files-url, or let new nodes download from one first (patch-seed DATACENTER --files-url)")
}

// FileGaps are the findings for downloads of the planned release that are not known, such as those
// of "files of new nodes on Seed hamburg".
func FileGaps(subject string, gaps []images.Gap) []Finding {
	var findings []Finding
	for _, alike := range images.Causes(gaps) {
		findings = append(findings, finding(id(SectionUpgrade, "file"), StatusUnknown, subject, cause(alike),
			"the reason says what is not known: files of the planned release may be missing"))
	}
	return findings
}
