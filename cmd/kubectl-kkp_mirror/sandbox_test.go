package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/harness"
)

// TestSandbox runs the scripts that need real API servers and registries. make test
// builds the sandbox and says where it is.
func TestSandbox(t *testing.T) {
	program := os.Getenv("KKP_MIRROR_SANDBOX")
	if program == "" {
		t.Skip("KKP_MIRROR_SANDBOX does not name the sandbox; make test builds it")
	}
	// This plugin comes first, and kubectl from where the sandbox was built.
	t.Setenv("PATH", os.Getenv("PATH")+string(os.PathListSeparator)+os.Getenv("KKP_MIRROR_BIN"))
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	sandbox, err := harness.Start(t.Context(), program, `kubectl-kkp_mirror images --all -o name --registry-map "$MAP" || test $? = 3`, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sandbox.Stop(); err != nil {
			t.Errorf("the sandbox did not stop cleanly: %v", err)
		}
	})
	testscript.Run(t, testscript.Params{
		Dir:  filepath.Join("testdata", "sandbox"),
		Cmds: commands(),
		Setup: func(env *testscript.Env) error {
			for _, variable := range sandbox.Environment() {
				name, value, _ := strings.Cut(variable, "=")
				env.Setenv(name, value)
			}
			return nil
		},
	})
}
