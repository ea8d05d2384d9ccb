package profiles

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

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
		for _, d := range cluster.Setup.Deployments {
			switch {
			case d.Profile == p.Original:
				lines = append(lines, fmt.Sprintf("%s/%s (replicas: %d) uses %s. For %s, with the kubeconfig of the user cluster:\n    %s", d.Namespace, d.Name, d.Replicas, d.Profile, p.Name, moving(d, p.Name, version)))
			case d.Profile == p.Name && stale(cluster, d, p):
				lines = append(lines, fmt.Sprintf("%s/%s uses %s, and its new machines get an older version. With the kubeconfig of the user cluster:\n    %s", d.Namespace, d.Name, p.Name, rolling(d)))
			}
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
	if i >= 0 && cluster.Setup.Profiles[i].Version == p.Version {
		return fmt.Sprintf("has %s %s", p.Name, p.Version)
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
	return text + ": KKP copies it from the Seed"
}

// moving returns the command that gives the new machines of a MachineDeployment another profile.
// Since operating-system-manager 1.11 (KKP 2.31), a changed annotation is enough; before, machines
// keep their configuration until the template of the MachineDeployment changes, too
// (pkg/controllers/osc/osc_controller.go, v1.10.7 and v1.11.3).
func moving(d kkp.MachineDeployment, profile, version string) string {
	if followsAnnotation(version) {
		return fmt.Sprintf("kubectl -n %s annotate machinedeployment %s %s=%s --overwrite", d.Namespace, d.Name, kkp.ProfileAnnotation, profile)
	}
	return fmt.Sprintf(`kubectl -n %s patch machinedeployment %s --type merge -p '{"metadata":{"annotations":{%q:%q}},"spec":{"template":{"metadata":{"annotations":{"forceRestart":"'$(date +%%s)'"}}}}}'`,
		d.Namespace, d.Name, kkp.ProfileAnnotation, profile)
}

// rolling returns the command that rolls a MachineDeployment.
func rolling(d kkp.MachineDeployment) string {
	return fmt.Sprintf(`kubectl -n %s patch machinedeployment %s --type merge -p '{"spec":{"template":{"metadata":{"annotations":{"forceRestart":"'$(date +%%s)'"}}}}}'`, d.Namespace, d.Name)
}

func followsAnnotation(version string) bool {
	v, err := semver.NewVersion(version)
	return err == nil && (v.Major() > 2 || v.Major() == 2 && v.Minor() >= 31)
}

// stale reports whether new machines of a MachineDeployment get an older version of its profile, by
// its OperatingSystemConfig.
func stale(cluster kkp.Cluster, d kkp.MachineDeployment, p Rewritten) bool {
	for _, config := range cluster.Setup.Configs {
		if config.Name != d.Name+"-"+d.Namespace+"-config" {
			continue
		}
		if config.Rendered != "" {
			return config.Rendered != p.Version
		}
		return slices.ContainsFunc(p.Marks, func(mark string) bool { return !strings.Contains(string(config.Object), mark) })
	}
	return false
}
