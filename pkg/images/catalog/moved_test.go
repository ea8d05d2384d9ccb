package catalog_test

import (
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
)

func TestMoves(t *testing.T) {
	for _, test := range []struct {
		repository, tag string
		want            []string
	}{
		{"docker.io/minio/mc", "RELEASE.2024-03-13T23-51-57Z", []string{"quay.io/kubermatic-mirror/images/minio/mc"}},
		{"docker.io/minio/mc", "latest", nil},
		{"docker.io/minio/mc", "", []string{"quay.io/kubermatic-mirror/images/minio/mc"}},
		{"docker.io/bitnami/memcached", "1.6.19-debian-11-r0", []string{"quay.io/kubermatic-mirror/images/memcached", "docker.io/bitnamilegacy/memcached"}},
		{"docker.io/bitnami/memcached", "1.6.20", []string{"docker.io/bitnamilegacy/memcached"}},
		{"docker.io/bitnami/kubectl", "1.33", []string{"docker.io/bitnamilegacy/kubectl"}},
		{"docker.io/bitnami/kubectl", "latest", nil},
		{"docker.io/bitnami/a/b", "1", nil},
		{"docker.io/bitnamilegacy/kubectl", "1.33", nil},
		{"quay.io/kubermatic/helm-charts/cilium", "1.16.9", []string{"quay.io/kubermatic-mirror/helm-charts/cilium"}},
		{"quay.io/kubermatic/helm-charts/kubevirt", "1.2.0", nil}, // it is where it was
		{"quay.io/kubermatic/kubermatic", "v2.31.0", nil},
	} {
		var got []string
		for _, move := range catalog.Moves(test.repository, test.tag) {
			got = append(got, move.To)
			if move.From != test.repository || !regexp.MustCompile(`^[a-z-]+/[a-z-]+#[0-9]+$`).MatchString(move.Fact) {
				t.Errorf("%+v", move)
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s:%s: %s", test.repository, test.tag, diff)
		}
	}
}
