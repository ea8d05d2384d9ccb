package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage/storagetest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/harness"
)

// TestSandbox runs the scripts that need real API servers and registries. make test
// builds the sandbox and says where it is. Those that change no objects run at the same
// time, before those that do.
func TestSandbox(t *testing.T) {
	sandbox := startSandbox(t)
	t.Run("together", func(t *testing.T) {
		testscript.Run(t, testscript.Params{
			Dir: filepath.Join("testdata", "sandbox"), Cmds: commands(), Setup: setup(sandbox),
		})
	})
	t.Run("conformance of distribution", func(t *testing.T) {
		storagetest.CheckWithoutReferrers(t, emptyRepository(t, sandbox.Registries["plain"].Host), "v1")
	})
	t.Run("conformance of ociregistry", func(t *testing.T) {
		storagetest.Check(t, emptyRepository(t, sandbox.Registries["memory"].Host), "v1")
	})
	oneByOne(t, sandbox, filepath.Join("testdata", "sandbox-patch"))
	oneByOne(t, sandbox, filepath.Join("testdata", "documents"))
}

// TestSandbox228 runs scripts on an installation of the oldest KKP that is supported.
func TestSandbox228(t *testing.T) {
	oneByOne(t, startSandbox(t, "--generation", "2.28"), filepath.Join("testdata", "sandbox-2.28"))
}

// TestSandbox230 runs scripts on an installation that can be upgraded to the newest KKP. The upstream
// registry has the images of both releases.
func TestSandbox230(t *testing.T) {
	sandbox := startSandboxWith(t, `for version in "" "--kkp-version v2.31.0"; do
		kubectl-kkp_mirror images $version --all -o name --registry-map "$MAP" || test $? = 3 || exit 1
	done | sort -u`, "--generation", "2.30")
	testscript.Run(t, testscript.Params{Dir: filepath.Join("testdata", "sandbox-2.30"), Cmds: commands(), Setup: setup(sandbox)})
}

// startSandbox starts a sandbox for a test, and stops it at the end of that.
func startSandbox(t *testing.T, args ...string) *harness.Sandbox {
	t.Helper()
	return startSandboxWith(t, `kubectl-kkp_mirror images --all -o name --registry-map "$MAP" || test $? = 3`, args...)
}

// startSandboxWith is startSandbox with the shell command that lists the images of its upstream registry.
func startSandboxWith(t *testing.T, listImages string, args ...string) *harness.Sandbox {
	t.Helper()
	// This plugin comes first, and kubectl from where the sandbox was built.
	t.Setenv("PATH", os.Getenv("PATH")+string(os.PathListSeparator)+os.Getenv("KKP_MIRROR_BIN"))
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	return harness.ForTest(t, listImages, args...)
}

// setup tells a script how to reach the sandbox.
func setup(sandbox *harness.Sandbox) func(*testscript.Env) error {
	return func(env *testscript.Env) error {
		env.Setenv("KKP_MIRROR_BIN", os.Getenv("KKP_MIRROR_BIN"))
		testdata, err := filepath.Abs("testdata")
		if err != nil {
			return err
		}
		env.Setenv("TESTDATA", testdata)
		for _, variable := range sandbox.Environment() {
			name, value, _ := strings.Cut(variable, "=")
			env.Setenv(name, value)
		}
		return nil
	}
}

// oneByOne runs the scripts in a directory one after the other. Whatever one of them does
// to the objects of the installation, the next finds them as they were at first.
func oneByOne(t *testing.T, sandbox *harness.Sandbox, dir string) {
	t.Helper()
	oneByOneWith(t, sandbox, dir, commands())
}

// oneByOneWith is oneByOne for scripts that have other commands.
func oneByOneWith(t *testing.T, sandbox *harness.Sandbox, dir string, commands map[string]func(*testscript.TestScript, bool, []string)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts in %s: %v", dir, err)
	}
	sample, err := sandbox.Save(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			testscript.Run(t, testscript.Params{Files: []string{file}, Cmds: commands, Setup: setup(sandbox)})
		})
		if err := sandbox.Restore(t.Context(), sample); err != nil {
			t.Fatal(err)
		}
	}
	restored, err := sandbox.Save(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample, restored); diff != "" {
		t.Errorf("scripts in %s changed what is not restored:\n%s", dir, diff)
	}
}
