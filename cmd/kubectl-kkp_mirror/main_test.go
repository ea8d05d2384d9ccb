package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes this test binary the plugin, too: scripts find it in PATH, and so does
// kubectl.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"kubectl-kkp_mirror": func() { os.Exit(run()) },
		"within":             func() { os.Exit(within(os.Args[1:])) },

		"kubermatic-installer": func() { os.Exit(installer(os.Args[1:])) },
	})
}

// TestScripts runs the scripts that need neither a cluster nor registries.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(env *testscript.Env) error {
			env.Setenv("KUBECONFIG", filepath.Join(env.WorkDir, "no-kubeconfig"))
			env.Setenv("DOCKER_CONFIG", env.WorkDir)
			env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, ".cache"))
			env.Setenv("KKP_MIRROR_BIN", os.Getenv("KKP_MIRROR_BIN"))
			return nil
		},
		Cmds: commands(),
	})
}
