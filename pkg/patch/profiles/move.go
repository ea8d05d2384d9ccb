package profiles

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// Move is the change of a MachineDeployment whose new machines do not get a rewritten profile yet.
type Move struct {
	Deployment kkp.MachineDeployment
	Profile    Rewritten

	moves  bool // to the profile; false: the MachineDeployment names the profile, and its machines get an older version
	follow bool // OSM renders a profile again when an annotation of the MachineDeployment changes
}

// renderAgain is the annotation whose change has OSM render a profile again.
const renderAgain = "kkp-mirror.dev/render-again"

// Moves returns the changes of the MachineDeployments of a user cluster. version is that of KKP. None
// is returned for a profile whose present version the cluster does not have yet, or would not keep.
//
// Machines get what operating-system-manager (OSM) has rendered for their MachineDeployment. Since OSM
// 1.11 (KKP 2.31), a changed annotation or version of the profile is enough for new machines; before,
// only a change of the template of the MachineDeployment is, which replaces its machines
// (pkg/controllers/osc/osc_controller.go, v1.10.7 and v1.11.3). OSM does not watch profiles: it
// compares versions whenever the MachineDeployment changes.
func Moves(cluster kkp.Cluster, all []Rewritten, version string) []Move {
	if cluster.Setup == nil || cluster.Setup.Err != nil {
		return nil
	}
	copied := slices.DeleteFunc(slices.Clone(all), func(p Rewritten) bool { return !hasCopy(cluster, p) })
	return moves(cluster, copied, version)
}

// HasCopies reports whether a user cluster has the present versions of all profiles, and keeps these.
func HasCopies(cluster kkp.Cluster, all []Rewritten) bool {
	return cluster.Setup != nil && cluster.Setup.Err == nil && !slices.ContainsFunc(all, func(p Rewritten) bool { return !hasCopy(cluster, p) })
}

func hasCopy(cluster kkp.Cluster, p Rewritten) bool {
	kept := !p.replaces() || cluster.Setup.DefaultsOff
	return kept && slices.ContainsFunc(cluster.Setup.Profiles, func(c kkp.Profile) bool { return c.Name == p.Name && c.Version == p.Version })
}

// moves is Moves, also for profiles that the cluster does not have yet.
func moves(cluster kkp.Cluster, all []Rewritten, version string) []Move {
	var found []Move
	for _, p := range all {
		for _, d := range cluster.Setup.Deployments {
			m := Move{Deployment: d, Profile: p, moves: d.Profile == p.Original && !p.replaces(), follow: followsAnnotation(version)}
			if m.moves || d.Profile == p.Name && stale(cluster, d, p) {
				found = append(found, m)
			}
		}
	}
	return found
}

// Text says what the machines get today, and ends before the way in which the change is made.
func (m Move) Text() string {
	d := m.Deployment
	if m.moves {
		return fmt.Sprintf("%s/%s (replicas: %d) uses %s. For %s,", d.Namespace, d.Name, d.Replicas, d.Profile, m.Profile.Name)
	}
	return fmt.Sprintf("%s/%s uses %s, and its new machines get an older version. To change that,", d.Namespace, d.Name, m.Profile.Name)
}

// Rolls reports whether the change replaces the machines that exist.
func (m Move) Rolls() bool { return !m.follow }

// Patch returns the change as a JSON merge patch. stamp is different each time, such as a time.
func (m Move) Patch(stamp string) map[string]any {
	patch := map[string]any{}
	annotations := map[string]any{}
	if m.moves {
		annotations[kkp.ProfileAnnotation] = m.Profile.Name
	} else if m.follow {
		annotations[renderAgain] = stamp
	}
	if len(annotations) > 0 {
		patch["metadata"] = map[string]any{"annotations": annotations}
	}
	if !m.follow {
		patch["spec"] = map[string]any{"template": map[string]any{"metadata": map[string]any{"annotations": map[string]any{"forceRestart": stamp}}}}
	}
	return patch
}

// Command returns kubectl's command for the change.
func (m Move) Command() string {
	d := m.Deployment
	switch {
	case m.follow && m.moves:
		return fmt.Sprintf("kubectl -n %s annotate machinedeployment %s %s=%s --overwrite", d.Namespace, d.Name, kkp.ProfileAnnotation, m.Profile.Name)
	case m.follow:
		return fmt.Sprintf("kubectl -n %s annotate machinedeployment %s %s=$(date +%%s) --overwrite", d.Namespace, d.Name, renderAgain)
	case m.moves:
		return fmt.Sprintf(`kubectl -n %s patch machinedeployment %s --type merge -p '{"metadata":{"annotations":{%q:%q}},"spec":{"template":{"metadata":{"annotations":{"forceRestart":"'$(date +%%s)'"}}}}}'`,
			d.Namespace, d.Name, kkp.ProfileAnnotation, m.Profile.Name)
	default:
		return fmt.Sprintf(`kubectl -n %s patch machinedeployment %s --type merge -p '{"spec":{"template":{"metadata":{"annotations":{"forceRestart":"'$(date +%%s)'"}}}}}'`, d.Namespace, d.Name)
	}
}

// Waiting says what a MachineDeployment lacks to be ready: new machines get the present version of
// the profile, and all machines that the template asks for are ready. "" is returned for one that is
// ready.
func (m Move) Waiting(d kkp.MachineDeployment, configs []kkp.Profile) string {
	config, ok := configOf(configs, d)
	switch {
	case d.Profile != m.Profile.Name:
		return "the MachineDeployment uses the profile " + d.Profile
	case !ok:
		return "operating-system-manager has rendered no OperatingSystemConfig"
	case isOlder(config, m.Profile):
		return "operating-system-manager has not rendered " + m.Profile.Name + " " + m.Profile.Version + " yet"
	case d.Observed < d.Generation:
		return "machine-controller has not read the change yet"
	case d.Updated < d.Replicas:
		return fmt.Sprintf("machines with the present template: %d of %d", d.Updated, d.Replicas)
	case d.Ready < d.Replicas:
		return fmt.Sprintf("ready machines: %d of %d", d.Ready, d.Replicas)
	case d.Current > d.Replicas:
		return fmt.Sprintf("machines still to be deleted: %d", d.Current-d.Replicas)
	}
	return ""
}

func followsAnnotation(version string) bool {
	v, err := semver.NewVersion(version)
	return err == nil && (v.Major() > 2 || v.Major() == 2 && v.Minor() >= 31)
}

// stale reports whether new machines of a MachineDeployment get an older version of its profile, by
// its OperatingSystemConfig.
func stale(cluster kkp.Cluster, d kkp.MachineDeployment, p Rewritten) bool {
	config, ok := configOf(cluster.Setup.Configs, d)
	return ok && isOlder(config, p)
}

// configOf returns the OperatingSystemConfig of a MachineDeployment.
func configOf(configs []kkp.Profile, d kkp.MachineDeployment) (kkp.Profile, bool) {
	i := slices.IndexFunc(configs, func(config kkp.Profile) bool { return config.Name == d.Name+"-"+d.Namespace+"-config" })
	if i < 0 {
		return kkp.Profile{}, false
	}
	return configs[i], true
}

// isOlder reports whether a config is rendered from another version of a profile. OSM notes the
// version since 1.11; before, the content tells.
func isOlder(config kkp.Profile, p Rewritten) bool {
	if config.Rendered != "" {
		return config.Rendered != p.Version
	}
	return slices.ContainsFunc(p.Marks, func(mark string) bool { return !strings.Contains(string(config.Object), mark) })
}
