package rewrite_test

import (
	"os"
	"path/filepath"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/profile"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/rewrite"
)

// TestDefaultProfiles rewrites the default profiles of each KKP minor. $KKP_DATA is a directory
// with them, in osps/MINOR.
func TestDefaultProfiles(t *testing.T) {
	root := os.Getenv("KKP_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared", "kkp")
	}
	names, err := filepath.Glob(filepath.Join(root, "osps", "*", "*.yaml"))
	if err != nil || len(names) == 0 {
		t.Skip("KKP_DATA does not name a directory with operating system profiles")
	}
	s := settings(t)
	for _, name := range names {
		t.Run(filepath.Base(filepath.Dir(name))+" "+filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			object, err := yaml.YAMLToJSON(text)
			if err != nil {
				t.Fatal(err)
			}
			made, err := rewrite.Make(t.Context(), files.Trace, object, cases(t, object), s)
			if err != nil {
				t.Fatal(err)
			}
			if len(made.Proof.Hosts) > 0 {
				t.Errorf("hosts remain: %+v", made.Proof.Hosts)
			}
			if len(made.Proof.Files) != 20 { // five files and their checksums, for two architectures
				t.Errorf("files %+v", made.Proof.Files)
			}
		})
	}
}

// cases are the machines of a profile's first provider.
func cases(t *testing.T, object []byte) []files.Case {
	t.Helper()
	o, err := profile.Read(object)
	if err != nil {
		t.Fatal(err)
	}
	var all []files.Case
	for _, architecture := range files.Architectures() {
		all = append(all, files.Case{Kubernetes: "1.35.7", Provider: o.Providers()[0], Architecture: architecture})
	}
	return all
}
