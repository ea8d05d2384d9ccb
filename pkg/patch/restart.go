package patch

import (
	"slices"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
)

// Restarts are the control planes that a change restarts.
type Restarts struct {
	Clusters []string // names of the known user clusters
	Unread   []string // Seeds whose user clusters could not be read
}

// ControlPlaneRestarts returns the control planes that restart when fields of the
// KubermaticConfiguration change. A field below spec.userCluster restarts the control planes of
// all user clusters, other fields restart none: then some is false.
func ControlPlaneRestarts(inst kkp.Installation, edits []apply.Edit) (restarts Restarts, some bool) {
	if !slices.ContainsFunc(edits, func(edit apply.Edit) bool { return edit.Path.Within(apply.Path{"spec", "userCluster"}) }) {
		return restarts, false
	}
	for _, seed := range inst.Seeds {
		for _, cluster := range seed.Clusters {
			restarts.Clusters = append(restarts.Clusters, cluster.Name)
		}
		if !seed.Read {
			restarts.Unread = append(restarts.Unread, seed.Name)
		}
	}
	slices.Sort(restarts.Clusters)
	return restarts, true
}
