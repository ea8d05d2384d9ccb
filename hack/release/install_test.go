package main

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// testKrew lets the real Krew validate, install and remove a release, without the internet.
func testKrew(t *testing.T, dist string) {
	bin := os.Getenv("KKP_MIRROR_BIN")
	if bin == "" {
		t.Skip("needs kubectl in $KKP_MIRROR_BIN, see make sandbox")
	}
	m := newMachine(t, bin)
	m.validate(filepath.Join(dist, manifestName))

	m.run("kubectl", "krew", "version")
	before := m.files()
	archives, err := filepath.Glob(filepath.Join(dist, "kubectl-kkp_mirror_*.tar.gz"))
	if err != nil || len(archives) != 1 {
		t.Fatalf("archives are %v, %v", archives, err)
	}
	m.run("kubectl", "krew", "install", "--manifest", filepath.Join(dist, manifestName), "--archive", archives[0])
	if got := m.run("kubectl", "krew", "list"); !strings.Contains(got, "kkp-mirror") {
		t.Errorf("krew list does not name the plugin:\n%s", got)
	}
	if !slices.ContainsFunc(m.files(), func(name string) bool { return strings.HasSuffix(name, testVersion+"/LICENSE") }) {
		t.Errorf("the license is not installed: %q", m.files())
	}
	if got := m.run("kubectl", "kkp-mirror", "version"); !strings.Contains(got, testVersion) {
		t.Errorf("version does not say %s:\n%s", testVersion, got)
	}
	if got := m.run("kubectl", "kkp-mirror", "--help"); !strings.Contains(got, "kubectl kkp-mirror COMMAND") {
		t.Errorf("--help does not say how the plugin is called:\n%s", got)
	}
	m.run("kubectl", "kkp-mirror", "completion", "install")
	if got := m.run("kubectl", "__complete", "kkp-mirror", "sy"); !strings.Contains(got, "sync") {
		t.Errorf("kubectl does not complete the commands of the plugin:\n%s", got)
	}
	m.run("kubectl", "kkp-mirror", "completion", "uninstall")
	m.run("kubectl", "krew", "uninstall", "kkp-mirror")
	if after := m.files(); !slices.Equal(before, after) {
		t.Errorf("before the installation:\n%s\nafter the removal:\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
	if out, err := m.command("kubectl", "kkp-mirror", "version").CombinedOutput(); err == nil {
		t.Errorf("the plugin runs after its removal:\n%s", out)
	}
}

// machine is a home with kubectl and Krew, and no other plugin.
type machine struct {
	t         *testing.T
	root      string // of Krew
	validator string
	path      string
}

// newMachine takes kubectl from a directory, and builds Krew.
func newMachine(t *testing.T, bin string) machine {
	t.Helper()
	dir := t.TempDir()
	m := machine{t: t, root: filepath.Join(dir, "krew"), validator: filepath.Join(dir, "tools", "validate-krew-manifest")}
	m.path = strings.Join([]string{filepath.Join(dir, "tools"), filepath.Join(m.root, "bin"), "/usr/bin", "/bin"}, string(os.PathListSeparator))
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", filepath.Join(dir, "tools")+"/", "sigs.k8s.io/krew/cmd/krew", "sigs.k8s.io/krew/cmd/validate-krew-manifest")
	build.Dir = filepath.Join("..", "..", "test", "krew")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	kubectl, err := filepath.Abs(filepath.Join(bin, "kubectl"))
	if err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{kubectl: "kubectl", filepath.Join(dir, "tools", "krew"): "kubectl-krew"} {
		if err := os.Symlink(from, filepath.Join(dir, "tools", to)); err != nil {
			t.Fatal(err)
		}
	}
	// Krew wants an index, which is a clone, before it removes anything.
	if err := os.MkdirAll(filepath.Join(m.root, "index", "default", ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m machine) command(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(m.t.Context(), name, args...)
	if name == "kubectl" {
		cmd.Path = filepath.Join(filepath.Dir(m.validator), name)
		cmd.Err = nil
	}
	cmd.Env = []string{"HOME=" + m.t.TempDir(), "PATH=" + m.path, "KREW_ROOT=" + m.root, "KREW_NO_UPGRADE_CHECK=1"}
	return cmd
}

func (m machine) run(name string, args ...string) string {
	m.t.Helper()
	out, err := m.command(name, args...).CombinedOutput()
	if err != nil {
		m.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// validate runs the check of krew-index: the manifest is valid, and the archive of every platform
// can be installed and has a license. A server on this machine stands in for GitHub.
func (m machine) validate(manifest string) {
	m.t.Helper()
	releases := httptest.NewServer(http.StripPrefix("/"+testVersion, http.FileServer(http.Dir(filepath.Dir(manifest)))))
	defer releases.Close()
	text, err := os.ReadFile(manifest)
	if err != nil {
		m.t.Fatal(err)
	}
	const github = "https://github.com/kkp-mirror/kubectl-kkp_mirror/releases/download"
	if !strings.Contains(string(text), github) {
		m.t.Fatalf("the manifest does not name %s:\n%s", github, text)
	}
	local := filepath.Join(m.t.TempDir(), manifestName)
	if err := os.WriteFile(local, []byte(strings.ReplaceAll(string(text), github, releases.URL)), 0o644); err != nil {
		m.t.Fatal(err)
	}
	if out := m.run(m.validator, "-manifest", local); !strings.Contains(out, "all 1 spec.platforms installed fine") {
		m.t.Errorf("the check of krew-index says:\n%s", out)
	}
}

// files are the files in the directory of Krew.
func (m machine) files() []string {
	m.t.Helper()
	var names []string
	err := filepath.WalkDir(m.root, func(name string, _ fs.DirEntry, err error) error {
		names = append(names, filepath.ToSlash(strings.TrimPrefix(name, m.root)))
		return err
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return names
}
