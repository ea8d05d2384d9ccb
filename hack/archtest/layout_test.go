package archtest

import (
	"os"
	"testing"
)

// layout is the architecture of the plugin. Imports point one way: from the edge to the
// work, and from the work to the values. There are no edges between siblings.
func layout() Rules {
	values := []string{"pkg/bounded", "pkg/images", "pkg/images/catalog", "pkg/images/manifest", "pkg/kkp", "pkg/mask"}
	return Rules{
		Module: "github.com/kkp-mirror/kubectl-kkp_mirror",
		Imports: map[string][]string{
			"cmd/kubectl-kkp_mirror": {"pkg/plugin"},
			"pkg/plugin": append([]string{
				"pkg/images/chart", "pkg/images/discover", "pkg/images/transfer", "pkg/patch", "pkg/worker",
				"pkg/images/registry", "pkg/images/archive", "pkg/images/failure",
			}, values...),

			"pkg/images/chart":    append([]string{"pkg/safehttp", "pkg/worker"}, values...),
			"pkg/images/discover": values,
			"pkg/images/transfer": append([]string{
				"pkg/images/registry", "pkg/images/archive", "pkg/images/oci", "pkg/images/failure", "pkg/images/retry", "pkg/memo", "pkg/safehttp",
			}, values...),
			"pkg/images/registry": append([]string{
				"pkg/images/fetch", "pkg/images/oci", "pkg/images/failure", "pkg/images/retry", "pkg/memo", "pkg/safehttp", "pkg/tarfile",
			}, values...),
			"pkg/images/archive": append([]string{"pkg/images/oci", "pkg/images/failure", "pkg/tarfile"}, values...),
			"pkg/images/fetch":   append([]string{"pkg/images/failure", "pkg/tarfile"}, values...),
			"pkg/images/oci":     append([]string{"pkg/images/failure"}, values...),
			"pkg/images/retry":   append([]string{"pkg/images/failure"}, values...),
			"pkg/images/failure": append([]string{"pkg/images/archive", "pkg/safehttp"}, values...),
			"pkg/memo":           nil,
			"pkg/tarfile":        nil,

			"pkg/patch": values,

			"pkg/bounded":         nil,
			"pkg/worker":          nil,
			"pkg/images":          {"pkg/bounded"},
			"pkg/images/catalog":  nil,
			"pkg/images/manifest": nil,
			"pkg/kkp":             {"pkg/bounded"},
			"pkg/mask":            nil,
			"pkg/safehttp":        {"pkg/bounded"},

			"hack":         nil,
			"hack/bench":   {"pkg/images", "pkg/images/transfer", "pkg/images/registry"},
			"hack/catalog": {"pkg/images", "pkg/images/catalog"},
			"hack/demo":    {"test/harness"},
			"hack/docs":    {"pkg/plugin"},
			"test/harness": nil,
		},
		Calls: map[string]Call{
			"cmd/kubectl-kkp_mirror": {
				Package: "pkg/plugin",
				Func:    "Main",
				With:    []string{"k8s.io/cli-runtime/pkg/genericiooptions"},
			},
		},
		Only: []Only{
			{
				Library: "github.com/spf13/cobra",
				For:     []string{"pkg/plugin", "hack/docs"},
				Why:     "flags become one validated value in pkg/plugin",
			},
			{
				Library: "github.com/spf13/pflag",
				For:     []string{"pkg/plugin"},
				Why:     "flags become one validated value in pkg/plugin",
			},
			{
				Library: "k8s.io/client-go",
				For:     []string{"pkg/kkp", "pkg/patch", "pkg/plugin"},
				Why:     "the Kubernetes API is read in pkg/kkp, written in pkg/patch, and connected to in pkg/plugin",
			},
			{
				Library: "k8s.io/cli-runtime",
				For:     []string{"cmd/kubectl-kkp_mirror", "pkg/kkp", "pkg/patch", "pkg/plugin", "hack/docs"},
				Why:     "it is client-go by another name",
			},
			{
				Library: "helm.sh/helm",
				For:     []string{"pkg/images/chart"},
				Why:     "charts are rendered in pkg/images/chart",
			},
			{
				Library: "github.com/google/go-containerregistry/pkg/v1/remote",
				For:     []string{"pkg/images/registry", "pkg/images/failure", "pkg/images/registry", "pkg/images/failure", "pkg/images/transfer", "hack/bench", "test/harness"},
				Why:     "registries are spoken to in pkg/images/registry",
			},
			{
				Library: "github.com/google/go-containerregistry/pkg/crane",
				For:     []string{"pkg/images/registry", "hack/bench"},
				Why:     "registries are spoken to in pkg/images/registry",
			},
			{
				Library: "os",
				For: []string{
					"cmd/kubectl-kkp_mirror", "pkg/plugin", "pkg/kkp", "pkg/patch", "pkg/images/chart", "pkg/images/registry", "pkg/images/archive", "pkg/images/failure", "pkg/images/transfer", "pkg/worker",
					"hack", "hack/bench", "hack/catalog", "hack/demo", "hack/docs", "test/harness",
				},
				Why: "only the edges do I/O; values and discovery are pure",
			},
			{
				Library: "net/http",
				For: []string{
					"pkg/plugin", "pkg/kkp", "pkg/patch", "pkg/images/chart", "pkg/images/registry", "pkg/images/archive", "pkg/images/failure", "pkg/images/retry", "pkg/images/transfer", "pkg/safehttp", "hack/bench", "hack/catalog", "test/harness",
				},
				Why: "only the edges do I/O; values and discovery are pure",
			},
		},
	}
}

func TestLayout(t *testing.T) {
	packages, err := Packages(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) < 5 {
		t.Fatalf("only %d packages found: is this the root of the module?", len(packages))
	}
	for _, violation := range layout().Check(packages) {
		t.Error(violation)
	}
}
