package installed_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/installed"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

func TestStacksHaveTheValuesOfTheirCharts(t *testing.T) {
	type table = map[string]any
	planned := func(namespace string, values table) installed.Redirected {
		return installed.Redirected{
			ClusterRelease: installed.ClusterRelease{HelmRelease: kkp.HelmRelease{
				Namespace: namespace, Config: table{"domain": "a", "dex": table{"replicas": 2, "image": "mine"}},
			}},
			Redirection: redirect.Redirection{Values: values},
		}
	}
	got := installed.Stacks([]installed.Redirected{
		planned("dex", table{"dex": table{"image": "reg/dex"}}),
		planned("monitoring", table{"grafana": table{"image": table{"repository": "reg/grafana"}, "util": "reg/util"}}),
		planned("minio", table{"minio": "reg/minio"}),
		planned("mla", table{"grafana": table{"image": table{"repository": "reg/other"}}}),
		planned("mla", table{"grafana": table{"image": table{"repository": "reg/grafana"}, "util": "reg/util"}}),
		planned("logging", table{"grafana": table{"util": "reg/util"}}),
	})
	mine := table{"replicas": 2, "image": "mine"}
	want := []installed.Stack{
		{Name: "kubermatic", Values: table{"domain": "a", "dex": table{"replicas": 2, "image": "reg/dex"}, "minio": "reg/minio"}},
		{Name: "seed-mla", Values: table{"domain": "a", "dex": mine, "grafana": table{"image": table{"repository": "reg/grafana"}, "util": "reg/util"}}},
		{
			Name: "usercluster-mla", Values: table{"domain": "a", "dex": mine, "grafana": table{"image": table{"repository": "reg/grafana"}, "util": "reg/util"}},
			Conflicts: []string{"grafana.image.repository"},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(installed.Stack{})); diff != "" {
		t.Error(diff)
	}
	if config := planned("dex", nil).Config; config["dex"].(table)["image"] != "mine" {
		t.Errorf("the user's values changed: %v", config)
	}
}
