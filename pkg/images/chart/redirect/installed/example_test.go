package installed_test

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/installed"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

func ExampleChoose() {
	releases := installed.Releases(kkp.Installation{
		Releases: []kkp.HelmRelease{
			{Name: "dex", Namespace: "dex", Revision: 4},
			{Name: "nginx", Namespace: "ingress", Revision: 1},
		},
		Seeds: []kkp.Seed{{Name: "frankfurt", Releases: []kkp.HelmRelease{{Name: "minio", Namespace: "minio", Revision: 2}}}},
	})
	chosen, err := installed.Choose(releases, []string{"dex", "minio/minio"})
	for _, release := range chosen {
		fmt.Println(release.Cluster(), release.Name, err)
	}
	_, err = installed.Choose(releases, []string{"grafana"})
	fmt.Println(err)
	// Output:
	// master dex <nil>
	// frankfurt minio <nil>
	// there is no Helm release "grafana"; KKP has dex/dex, ingress/nginx, minio/minio
}
