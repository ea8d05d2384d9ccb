package archtest

import (
	"maps"
	"os"
	"testing"
)

// layout is the architecture of the plugin. Imports point one way: from the edge to the
// work, and from the work to the values. There are no edges between siblings.
func layout() Rules {
	values := []string{"pkg/bounded", "pkg/images", "pkg/images/catalog", "pkg/images/manifest", "pkg/kkp", "pkg/mask"}
	return Rules{
		Module: "github.com/kkp-mirror/kubectl-kkp_mirror",
		Imports: merge(map[string][]string{
			"cmd/kubectl-kkp_mirror": {"pkg/plugin"},
			"pkg/plugin": append([]string{
				"pkg/check", "pkg/plugin/display", "pkg/plugin/display/page", "pkg/plugin/option", "pkg/plugin/terminal",
				"pkg/images/chart", "pkg/images/discover", "pkg/images/fetch", "pkg/images/transfer", "pkg/patch", "pkg/patch/pullers", "pkg/memo", "pkg/waiting", "pkg/worker", "pkg/atomicfile", "pkg/contentcache",
				"pkg/plugin/settings", "pkg/pluginimage",
				"pkg/incluster", "pkg/incluster/events", "pkg/incluster/plan", "pkg/incluster/runner", "pkg/incluster/shard",
				"pkg/files", "pkg/files/artifact", "pkg/files/mirror", "pkg/files/need", "pkg/files/rewrite", "pkg/patch/profiles", "pkg/safehttp",
			}, values...),
			"pkg/plugin/display":  {"pkg/check", "pkg/files", "pkg/images", "pkg/plugin/display/page", "pkg/plugin/settings", "pkg/plugin/terminal"},
			"pkg/plugin/option":   {"pkg/bounded", "pkg/files", "pkg/files/mirror", "pkg/images", "pkg/images/catalog", "pkg/images/registry/rewrite", "pkg/incluster", "pkg/incluster/plan", "pkg/plugin/settings", "pkg/plugin/terminal"},
			"pkg/plugin/settings": {"pkg/bounded"},
			"pkg/plugin/terminal": nil,

			"pkg/check": append([]string{"pkg/files", "pkg/files/rewrite", "pkg/patch", "pkg/patch/pullers"}, values...),

			"pkg/images/chart":    append([]string{"pkg/atomicfile", "pkg/safehttp", "pkg/worker"}, values...),
			"pkg/images/discover": append([]string{"pkg/redact", "pkg/templates"}, values...),
			"pkg/patch":           append([]string{"pkg/redact"}, values...),
			"pkg/patch/pullers":   {"pkg/images", "pkg/kkp"},
			"pkg/patch/profiles":  {"pkg/files", "pkg/files/need", "pkg/files/rewrite", "pkg/kkp", "pkg/patch"},

			"pkg/files":              {"pkg/files/address", "pkg/files/profile", "pkg/files/trace", "pkg/images"},
			"pkg/files/address":      nil,
			"pkg/files/rewrite":      {"pkg/files", "pkg/files/address", "pkg/files/profile", "pkg/files/trace"},
			"pkg/files/need":         {"pkg/files", "pkg/files/catalog", "pkg/files/trace", "pkg/images/catalog", "pkg/kkp"},
			"pkg/files/artifact":     {"pkg/bounded", "pkg/files", "pkg/files/mirror", "pkg/images", "pkg/images/failure"},
			"pkg/files/catalog":      nil,
			"pkg/files/mirror":       {"pkg/bounded", "pkg/files", "pkg/images", "pkg/images/failure", "pkg/images/retry", "pkg/safehttp"},
			"pkg/files/profile":      {"pkg/files/trace", "pkg/templates"},
			"pkg/files/trace":        {"pkg/bounded", "pkg/files/trace/memory", "pkg/files/trace/script"},
			"pkg/files/trace/memory": nil,
			"pkg/files/trace/script": nil,

			"pkg/incluster":        {"pkg/bounded", "pkg/podreason"},
			"pkg/incluster/runner": {"pkg/incluster"},
			"pkg/incluster/events": {"pkg/images", "pkg/images/transfer/progress"},
			"pkg/incluster/plan":   {"pkg/bounded", "pkg/images"},
			"pkg/incluster/shard":  {"pkg/images"},

			"pkg/images":          {"pkg/bounded"},
			"pkg/images/catalog":  nil,
			"pkg/images/manifest": nil,
			"pkg/kkp":             {"pkg/bounded", "pkg/compression", "pkg/podreason"},

			"pkg/atomicfile":  nil,
			"pkg/bounded":     nil,
			"pkg/compression": nil,
			"pkg/counted":     nil,
			"pkg/mask":        nil,
			"pkg/memo":        nil,
			"pkg/pluginimage": {"pkg/bounded", "pkg/tarfile"},
			"pkg/podreason":   nil,
			"pkg/redact":      nil,
			"pkg/tarfile":     nil,
			"pkg/templates":   nil,
			"pkg/safehttp":    {"pkg/bounded"},
			"pkg/waiting":     nil,
			"pkg/worker":      nil,

			"pkg/contentcache":        {"pkg/atomicfile"},
			"pkg/plugin/display/page": nil,

			"hack":          nil,
			"hack/bench":    {"pkg/images", "pkg/images/transfer", "pkg/incluster", "pkg/images/registry/pace", "pkg/images/registry/registrytest", "test/harness"},
			"hack/catalog":  {"pkg/images", "pkg/images/catalog"},
			"hack/demo":     {"test/harness"},
			"hack/docs":     {"pkg/plugin"},
			"hack/release":  {"pkg/pluginimage", "pkg/tarfile"},
			"hack/profiles": {"pkg/files", "pkg/files/catalog", "pkg/files/profile", "pkg/files/trace"},
			"test/harness":  nil,
			"test/seeded":   nil,
		}, copying()),
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
				For:     []string{"pkg/plugin", "pkg/plugin/option", "hack/docs"},
				Why:     "flags become one validated value in pkg/plugin",
			},
			{
				Library: "github.com/spf13/pflag",
				For:     []string{"pkg/plugin", "pkg/plugin/option"},
				Why:     "flags become one validated value in pkg/plugin",
			},
			{
				Library: "k8s.io/client-go",
				For:     []string{"pkg/kkp", "pkg/patch", "pkg/plugin", "pkg/incluster/runner"},
				Why:     "the Kubernetes API is read in pkg/kkp, written in pkg/patch, connected to in pkg/plugin, and runs Jobs for pkg/incluster/runner",
			},
			{
				Library: "k8s.io/cli-runtime",
				For:     []string{"cmd/kubectl-kkp_mirror", "pkg/kkp", "pkg/patch", "pkg/plugin", "pkg/plugin/display", "pkg/plugin/option", "pkg/plugin/terminal", "hack/docs"},
				Why:     "it is client-go by another name",
			},
			{
				Library: "helm.sh/helm",
				For:     []string{"pkg/images/chart"},
				Why:     "charts are rendered in pkg/images/chart",
			},
			{
				Library: "mvdan.cc/sh",
				For:     []string{"pkg/files/trace", "pkg/files/trace/script"},
				Why:     "scripts are traced in pkg/files/trace, with an interpreter that executes nothing",
			},
			{
				Library: "github.com/google/go-containerregistry/pkg/v1/remote",
				For: []string{
					"pkg/images/registry", "pkg/images/registry/httptransport", "pkg/images/registry/repository", "pkg/images/registry/status",
					"pkg/images/registry/servertest", "hack/bench", "test/harness",
				},
				Why: "registries are spoken to in pkg/images/registry",
			},
			{
				Library: "github.com/google/go-containerregistry/pkg/crane",
				For:     []string{"hack/bench"},
				Why:     "registries are spoken to in pkg/images/registry",
			},
			{
				Library: "os",
				For: []string{
					"cmd/kubectl-kkp_mirror", "pkg/plugin", "pkg/plugin/display", "pkg/plugin/option", "pkg/plugin/terminal", "pkg/kkp", "pkg/patch", "pkg/images/chart", "pkg/atomicfile", "pkg/contentcache", "pkg/files/mirror", "pkg/images/archive/layout", "pkg/images/registry/credentials", "pkg/images/registry/httptransport", "pkg/images/registry/servertest", "test/seeded", "pkg/worker",
					"hack", "hack/bench", "hack/catalog", "hack/demo", "hack/docs", "hack/profiles", "hack/release", "test/harness",
				},
				Why: "only the edges do I/O; values and discovery are pure",
			},
			{
				Library: "net/http",
				For: []string{
					"pkg/plugin", "pkg/kkp", "pkg/patch", "pkg/images/chart", "pkg/files/mirror", "pkg/safehttp", "hack/bench", "hack/catalog", "test/harness",
					"pkg/images/failure", "pkg/waiting", "pkg/images/registry", "pkg/images/registry/httptransport", "pkg/images/registry/registrytest",
					"pkg/images/registry/repository", "pkg/images/registry/servertest", "pkg/images/registry/status", "pkg/redact",
				},
				Why: "only the edges do I/O; values and discovery are pure",
			},
		},
		Chains: []Chain{
			// Between a command and the request: transfer, registry, repository, httptransport.
			{From: "pkg/plugin", To: "pkg/images/registry/httptransport", AtMost: 3},
		},
	}
}

// copying is the order among the packages that copy images. What copies sees sources and
// targets, and neither registries nor archives; only transfer itself and fetch, which reads
// for discovery, know these.
func copying() map[string][]string {
	content := []string{"pkg/bounded", "pkg/images", "pkg/images/failure", "pkg/images/oci", "pkg/images/retry", "pkg/images/storage"}
	engine := append([]string{"pkg/counted", "pkg/memo", "pkg/images/transfer/progress", "pkg/images/transfer/scheduler"}, content...)
	return map[string][]string{
		"pkg/images/transfer": append([]string{
			"pkg/images/transfer/blobs", "pkg/images/transfer/compare", "pkg/images/transfer/verify",
			"pkg/images/archive", "pkg/images/registry", "pkg/images/registry/credentials", "pkg/images/registry/pace", "pkg/images/registry/rewrite", "pkg/images/registry/status",
		}, engine...),
		"pkg/images/transfer/verify":    append([]string{"pkg/images/transfer/compare"}, engine...),
		"pkg/images/transfer/blobs":     engine,
		"pkg/images/transfer/compare":   append([]string{"pkg/memo"}, content...),
		"pkg/images/transfer/progress":  {"pkg/images", "pkg/images/failure"},
		"pkg/images/transfer/scheduler": nil,

		"pkg/images/fetch":        append([]string{"pkg/images/fetch/layers", "pkg/images/registry", "pkg/images/registry/repository"}, content...),
		"pkg/images/fetch/layers": {"pkg/bounded", "pkg/compression", "pkg/images", "pkg/images/failure", "pkg/tarfile"},

		"pkg/images/registry": append([]string{
			"pkg/images/registry/credentials", "pkg/images/registry/httptransport", "pkg/images/registry/pace", "pkg/images/registry/repository", "pkg/images/registry/rewrite",
			"pkg/images/registry/status", "pkg/memo", "pkg/redact", "pkg/safehttp", "pkg/waiting",
		}, content...),
		"pkg/images/registry/repository":    append([]string{"pkg/images/registry/status", "pkg/images/registry/stream", "pkg/counted", "pkg/safehttp"}, content...),
		"pkg/images/registry/httptransport": {"pkg/images/registry/pace", "pkg/images/registry/rewrite", "pkg/images/registry/status", "pkg/bounded", "pkg/images", "pkg/images/failure", "pkg/counted", "pkg/memo", "pkg/redact", "pkg/safehttp", "pkg/waiting"},
		"pkg/images/registry/pace":          nil,
		"pkg/images/registry/stream":        {"pkg/images/failure", "pkg/images/oci", "pkg/safehttp"},
		"pkg/images/registry/status":        {"pkg/images", "pkg/images/failure", "pkg/images/registry/rewrite", "pkg/redact"},
		"pkg/images/registry/rewrite":       {"pkg/images"},
		"pkg/images/registry/credentials":   {"pkg/memo"},
		"pkg/images/registry/registrytest":  nil,
		"pkg/images/registry/servertest":    nil,

		"pkg/images/archive":               append([]string{"pkg/images/archive/layout"}, content...),
		"pkg/images/archive/layout":        {"pkg/bounded", "pkg/compression", "pkg/images", "pkg/images/failure", "pkg/images/archive/dockerarchive", "pkg/tarfile"},
		"pkg/images/archive/dockerarchive": {"pkg/bounded", "pkg/compression", "pkg/images", "pkg/images/failure", "pkg/tarfile"},

		"pkg/images/storage":             {"pkg/images/failure", "pkg/images/oci", "pkg/images/retry"},
		"pkg/images/storage/storagetest": content,
		"pkg/images/oci":                 {"pkg/bounded", "pkg/images", "pkg/images/failure"},
		"pkg/images/retry":               {"pkg/images/failure"},
		"pkg/images/failure":             {"pkg/bounded", "pkg/images", "pkg/redact", "pkg/safehttp"},
	}
}

func merge(a, b map[string][]string) map[string][]string {
	maps.Copy(a, b)
	return a
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
