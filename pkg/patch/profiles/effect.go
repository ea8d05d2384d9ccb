package profiles

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// Rewritten is a rewritten profile, by its names and version.
type Rewritten struct {
	Name     string // "osp-ubuntu-mirror"
	Original string // "osp-ubuntu"
	Version  string // "v1.11.2-mirror.c3f09a1b"
	Marks    []string
	// Marks are texts that only machines of the rewritten profile have, such as the URL of the
	// mirror.
}

// replaces reports whether the profile has the name of its original.
func (r Rewritten) replaces() bool { return r.Name == r.Original }

// nudge is the annotation whose change has KKP copy a profile again.
const nudge = "kkp-mirror.dev/copy-again"

// Effects says for a user cluster when its machines get rewritten profiles. KKP copies profiles
// of the Seed to user clusters that are healthy and not paused, and tries others again only when
// the profile changes (kubermatic pkg/controller/seed-controller-manager/operating-system-profile-synchronizer,
// v2.31.0). namespace is that of KKP on the Seed, version the one of KKP.
func Effects(cluster kkp.Cluster, all []Rewritten, namespace, version string) []string {
	if cluster.Setup == nil || cluster.Setup.Err != nil {
		return []string{"its profiles and MachineDeployments could not be read: " + problem(cluster)}
	}
	var lines []string
	for _, p := range all {
		lines = append(lines, copyOf(cluster, p, namespace))
		planned := moves
		if p.replaces() {
			planned = Moves
		}
		for _, m := range planned(cluster, []Rewritten{p}, version) {
			lines = append(lines, m.Text()+" with the kubeconfig of the user cluster:\n    "+m.Command())
		}
	}
	return lines
}

func problem(cluster kkp.Cluster) string {
	if cluster.Setup == nil {
		return "they were not requested"
	}
	return cluster.Setup.Err.Error()
}

// copyOf says whether a cluster has the version of a profile.
func copyOf(cluster kkp.Cluster, p Rewritten, namespace string) string {
	i := slices.IndexFunc(cluster.Setup.Profiles, func(c kkp.Profile) bool { return c.Name == p.Name })
	overwritten := p.replaces() && !cluster.Setup.DefaultsOff
	if i >= 0 && cluster.Setup.Profiles[i].Version == p.Version {
		text := fmt.Sprintf("has %s %s", p.Name, p.Version)
		if overwritten {
			text += ", but its operating-system-manager does not run without default profiles yet, and overwrites the profile"
		}
		return text
	}
	text := fmt.Sprintf("does not have %s %s yet", p.Name, p.Version)
	if i >= 0 {
		text += " (but " + cluster.Setup.Profiles[i].Version + ")"
	}
	again := fmt.Sprintf("\n    kubectl -n %s annotate customoperatingsystemprofile %s %s=$(date +%%s) --overwrite", namespace, p.Name, nudge)
	switch {
	case cluster.Paused:
		return text + ": KKP does not copy profiles to a paused cluster. When it is not paused any more, have KKP try again, on the Seed:" + again
	case len(cluster.Unhealthy) > 0:
		return text + ": KKP does not copy profiles to an unhealthy cluster (" + strings.Join(cluster.Unhealthy, ", ") + "). When it is healthy, have KKP try again, on the Seed:" + again
	}
	if p.replaces() {
		text += ": its operating-system-manager "
		if overwritten {
			text += "does not run without default profiles yet, and overwrites the profile. After KKP has restarted operating-system-manager"
		} else {
			text += "runs without default profiles. If KKP had copied the profile before"
		}
		return text + ", have KKP copy the profile again, on the Seed:" + again
	}
	return text + ": KKP copies it from the Seed"
}
