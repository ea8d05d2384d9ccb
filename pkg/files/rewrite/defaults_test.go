package rewrite_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/profile"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/rewrite"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/harness"
)

// TestDefaultProfiles rewrites the default profiles of each KKP minor.
func TestDefaultProfiles(t *testing.T) {
	s := settings(t)
	forDefaultProfiles(t, func(t *testing.T, object json.RawMessage) {
		t.Parallel()
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

// forDefaultProfiles runs a test with each default profile, which the data of KKP has in osps/MINOR.
func forDefaultProfiles(t *testing.T, test func(*testing.T, json.RawMessage)) {
	t.Helper()
	for _, name := range harness.DataFiles(t, "osps/*/*.yaml") {
		t.Run(filepath.Base(filepath.Dir(name))+" "+filepath.Base(name), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			object, err := yaml.YAMLToJSON(text)
			if err != nil {
				t.Fatal(err)
			}
			test(t, object)
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
