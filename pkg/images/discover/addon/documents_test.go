package addon_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover/addon"
)

// TestMemoryOfManyGroups has a large file that renders differently for many groups of clusters:
// what it rendered to is not to be kept.
func TestMemoryOfManyGroups(t *testing.T) {
	var text strings.Builder
	for feature := range 4 {
		fmt.Fprintf(&text, "{{ if .Cluster.Features.Has \"f%d\" }}# on{{ end }}\n", feature)
	}
	text.WriteString(strings.Repeat("#"+strings.Repeat("x", 1000)+"\n", 700) + "kind: Pod\nspec: {containers: [{name: c, image: quay.io/a/b:1}]}\n")
	a := addon.New("a", addon.Files{"a/f.yaml": []byte(text.String())})
	before := live()
	needs, failures := a.Render(addon.ClusterSet{Kubernetes: []string{"1.34.0"}, Providers: []string{"aws"}, CNI: []string{"none"}}, nil)
	if len(needs) != 1 || len(needs[0].Clusters) != 1<<4 || len(failures) > 0 {
		t.Errorf("%d needs, %v", len(needs), failures)
	}
	if kept := (live() - before) >> 20; kept > 4 {
		t.Errorf("%d MiB are kept", kept)
	}
	runtime.KeepAlive(a)
}

// live is the memory that is in use.
func live() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
