package discover

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
)

// TestClustersAreGrouped wants versions with a comma in them, which a file can have, to stay
// apart, and one group for providers with the same versions.
func TestClustersAreGrouped(t *testing.T) {
	got := groupClusters([]catalog.Cluster{
		{Kubernetes: "v1.34.0", Provider: "aws", CNI: "canal v3.31"},
		{Kubernetes: "1.33.1", Provider: "aws", CNI: "canal v3.31"},
		{Kubernetes: "1.33.1", Provider: "azure", CNI: "canal v3.31"},
		{Kubernetes: "1.34.0", Provider: "azure", CNI: "canal v3.31"},
		{Kubernetes: "1.33.1,1.34.0", Provider: "gcp", CNI: "canal v3.31"},
		{Kubernetes: "1.34.0", Provider: "aws"},
	})
	want := []clusterGroup{
		{versions: []string{"1.33.1", "1.34.0"}, providers: []string{"aws", "azure"}, cni: "canal v3.31"},
		{versions: []string{"1.33.1,1.34.0"}, providers: []string{"gcp"}, cni: "canal v3.31"},
		{versions: []string{"1.34.0"}, providers: []string{"aws"}},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(clusterGroup{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
