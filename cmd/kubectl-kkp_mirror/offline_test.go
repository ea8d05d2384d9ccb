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
	sandbox := startSandboxWith(t, `cd `+dir+` && kubectl-kkp_mirror images -f kubermatic.yaml -f seeds.yaml --kkp-version v2.31.0 --edition ce `+
		`--charts-directory charts --helm-values values.yaml -o name --registry-map "$MAP"`, "--empty")
	basic := sandbox.Registries["basic"]
	verbs := commands()
	verbs["references"], verbs["pullable"] = references, pullable
	testscript.Run(t, testscript.Params{Files: []string{script}, Cmds: verbs, Setup: func(env *testscript.Env) error {
		env.Setenv("USER", basic.Username)
		env.Setenv("PASSWORD", basic.Password)
		return setup(sandbox)(env)
	}})
}

// TestDocumentsAreRun wants the commands below each heading of README.md and docs/offline.md to be ones that a script runs.
func TestDocumentsAreRun(t *testing.T) {
	scripts, err := filepath.Glob(filepath.Join("testdata", "documents", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	var run strings.Builder
	for _, script := range append(scripts, filepath.Join("testdata", "first", "installation.txtar")) {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		run.Write(text)
	}
	for document, least := range map[string]int{"README.md": 2, "docs/offline.md": 15} {
		blocks, err := blocksOf(document)
		if err != nil {
			t.Fatal(err)
		}
		if len(blocks) < least {
			t.Errorf("%s has commands below %d headings only", document, len(blocks))
		}
		for heading := range blocks {
			if !strings.Contains(run.String(), "\ndocument "+document+" '"+heading+"'") {
				t.Errorf("%s: no script in testdata/documents or testdata/first runs the commands below %q", document, heading)
			}
		}
	}
}
