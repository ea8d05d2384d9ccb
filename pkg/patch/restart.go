package patch

import (
	"slices"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
)

// Restarts tells whose control planes a change restarts.
type Restarts struct {
	Clusters []string // names of the user clusters that are known
	Unread   []string // names of Seeds whose user clusters could not be read
}

// ControlPlaneRestarts works out which control planes restart when fields of the
// KubermaticConfiguration change: those of all user clusters, or none.
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
