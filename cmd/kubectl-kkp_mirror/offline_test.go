package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestInstallOffline runs the commands of docs/offline.md for a first installation, on an API server without KKP.
func TestInstallOffline(t *testing.T) {
	script := filepath.Join("testdata", "first", "installation.txtar")
	dir := t.TempDir()
	archive, err := txtar.ParseFile(script)
	if err == nil {
		err = txtar.Write(archive, dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	guide, err := readWalkThrough(filepath.Join("..", "..", "docs", "offline.md"), "Install KKP without internet access")
	if err != nil {
		t.Fatal(err)
	}
	sandbox := startSandboxWith(t, `cd `+dir+` && kubectl-kkp_mirror images -f kubermatic.yaml -f seeds.yaml --kkp-version v2.31.0 --edition ce `+
		`--charts-directory charts --helm-values values.yaml -o name --registry-map "$MAP"`, "--empty")
	basic := sandbox.Registries["basic"]
	verbs := commands()
	verbs["document"], verbs["references"], verbs["pullable"] = guide.verb, references, pullable
	testscript.Run(t, testscript.Params{Files: []string{script}, Cmds: verbs, Setup: func(env *testscript.Env) error {
		env.Setenv("USER", basic.Username)
		env.Setenv("PASSWORD", basic.Password)
		return setup(sandbox)(env)
	}})
}

// TestInstallOfflineIsWhole wants each command of the document's first installation to be one that the script runs.
func TestInstallOfflineIsWhole(t *testing.T) {
	guide, err := readWalkThrough(filepath.Join("..", "..", "docs", "offline.md"), "Install KKP without internet access")
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(filepath.Join("testdata", "first", "installation.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	if len(guide.blocks) < 6 {
		t.Errorf("the document has commands below %d headings only", len(guide.blocks))
	}
	for heading := range guide.blocks {
		if !strings.Contains(string(script), "document '"+heading+"'") {
			t.Errorf("the script does not run the commands below %q", heading)
		}
	}
}
