package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// releasesDefinitions returns the checks of the section releases.
func releasesDefinitions() []Definition {
	at := func(name string, meaning, remedy string, statuses ...Status) Definition {
		return Definition{ID: id(SectionReleases, name), Statuses: statuses, Meaning: meaning, Remedy: remedy}
	}
	return []Definition{
		at("values", "a Helm release: whether its values lead all images to the mirror that values can redirect", "`patch-helm RELEASE --apply`", StatusOK, StatusNotReady),
		at("no-value", "an image of a Helm release that no value redirects; ok if --runtime-mirrors declares a mirror for its registry",
			"configure a mirror in the container runtime of the nodes, and declare it with --runtime-mirrors", StatusOK, StatusWarning),
		at("unknown", "a Helm release whose chart or data could not be read", "the reason says what is missing", StatusUnknown),
	}
}

// Release is an installed Helm release, with what values can do for its images.
type Release struct {
	Name    string   // namespace/name
	Cluster string   // images.Master, or the name of the Seed
	Away    []string // references that values redirect to the mirror, and that lead elsewhere
	Left    []LeftReference
	Command string // redirects Away
}

// LeftReference is a reference that no value redirects.
type LeftReference struct {
	Object    string // "Deployment dex/dex"
	Reference string
	Why       string
}

// Releases judges Helm releases. runtimeMirrors are the registries for which the user declares a
// mirror in the container runtime of the nodes of the master and the Seeds.
func Releases(releases []Release, gaps []images.Gap, runtimeMirrors []string) []Finding {
	var findings []Finding
	for _, r := range releases {
		findings = append(findings, r.values())
		for _, left := range r.Left {
			findings = append(findings, r.left(left, runtimeMirrors))
		}
	}
	for _, causes := range images.Causes(gaps) {
		subject := causes[0].Subject
		findings = append(findings, Finding{
			ID: id(SectionReleases, "unknown"), Status: StatusUnknown, Subject: subject, Reason: strings.TrimPrefix(cause(causes), subject+": "),
			Remedy: &Remedy{Text: "copy KKP's image, which has KKP's charts, into the mirror (sync); for another chart, find the values with patch-helm --charts-directory DIR, and accept this finding with --ignore releases.unknown"},
		})
	}
	return findings
}

func (r Release) subject() string { return r.Name + " on " + images.ClusterName(r.Cluster) }

func (r Release) values() Finding {
	f := Finding{ID: id(SectionReleases, "values"), Status: StatusOK, Subject: r.subject(), Reason: "its values lead to the mirror"}
	if len(r.Away) > 0 {
		f.Status = StatusNotReady
		f.Reason = "pulls " + group{subjects: r.Away}.subject()
		f.Remedy = &Remedy{Text: "set the values that redirect the images of this release", Command: r.Command}
	}
	return f
}

func (r Release) left(left LeftReference, runtimeMirrors []string) Finding {
	f := Finding{
		ID: id(SectionReleases, "no-value"), Status: StatusWarning, Subject: r.subject(),
		Reason: fmt.Sprintf("%s pulls %s, which no value redirects: %s", left.Object, left.Reference, left.Why),
	}
	host := left.Reference
	if ref, err := images.ParseRef(left.Reference); err == nil {
		host = ref.Registry
	}
	if slices.Contains(runtimeMirrors, host) {
		f.Status = StatusOK
		return f
	}
	f.Remedy = &Remedy{Text: fmt.Sprintf("configure a mirror of %s in the container runtime of the nodes of %s, and declare it with --runtime-mirrors %s",
		host, images.ClusterName(r.Cluster), host)}
	return f
}
