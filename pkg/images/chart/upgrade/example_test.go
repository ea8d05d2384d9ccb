package upgrade_test

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/upgrade"
)

// A change that is more than a redirection of images is refused, unless the user allows
// the object.
func ExampleTrial_Refused() {
	trial := &upgrade.Trial{Changes: []upgrade.ObjectChange{
		{Name: "Deployment.apps/dex/dex"}, // only its images change
		{Name: "Service/dex/dex", Refused: "spec.ports[0].port would change, which the new values of the release do not explain"},
		{Name: "ClusterRole.rbac.authorization.k8s.io/dex", Refused: "the object exists and does not belong to the release"},
	}}
	for _, change := range trial.Refused([]string{"service/dex/dex"}) {
		fmt.Println(change.Name+":", change.Refused)
	}
	// Output:
	// ClusterRole.rbac.authorization.k8s.io/dex: the object exists and does not belong to the release
}
