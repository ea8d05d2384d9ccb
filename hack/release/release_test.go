package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/tarfile"
)

const testVersion = "v0.0.1-test.1"

func TestRelease(t *testing.T) {
	first := build(t, "../..")

	t.Run("is installed and removed by Krew", func(t *testing.T) { testKrew(t, first) })

	t.Run("lists the modules of the executable", func(t *testing.T) { testSBOM(t, first) })

	t.Run("has an image that registries take", func(t *testing.T) { testImage(t, first) })

	t.Run("has the same bytes when built elsewhere, with other settings of Go", func(t *testing.T) {
		settings := filepath.Join(t.TempDir(), "env") // as `go env -w` stores them
		if err := os.WriteFile(settings, []byte("GOFLAGS=-gcflags=-N\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("GOENV", settings)
		second := build(t, copyOfModule(t, "../.."))
		if a, b := read(t, first), read(t, second); !slices.EqualFunc(a, b, func(a, b tarfile.File) bool {
			return a.Name == b.Name && bytes.Equal(a.Content, b.Content)
		}) {
			t.Errorf("%s and %s differ", first, second)
		}
	})
}

// build makes a release of the module in root for this machine and returns its directory.
func build(t *testing.T, root string) string {
	t.Helper()
	r := release{
		Version:   testVersion,
		Go:        "go",
		Root:      root,
		Dir:       filepath.Join(t.TempDir(), "dist"),
		Modified:  time.Unix(1_700_000_000, 0).UTC(),
		Platforms: []platform{{OS: runtime.GOOS, Arch: runtime.GOARCH}},
		Talk:      t.Output(),
	}
	if err := r.make(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r.Dir
}

// copyOfModule copies what is released, and nothing that was built or is kept by git.
func copyOfModule(t *testing.T, root string) string {
	t.Helper()
	dir := t.TempDir()
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains([]string{".git", "bin", "dist", "docs", "test"}, name) {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(dir, name), 0o755)
		}
		content, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, name), content, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func read(t *testing.T, dir string) []tarfile.File {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var files []tarfile.File
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, tarfile.File{Name: entry.Name(), Content: content})
	}
	return files
}

// manifestOf fills in the real template for archives of every platform.
func manifestOf(t *testing.T) string {
	t.Helper()
	r := release{Version: "v1.2.3", Root: "../..", Dir: t.TempDir()}
	var archives []archive
	for _, p := range platforms() {
		archives = append(archives, archive{
			OS:     p.OS,
			Arch:   p.Arch,
			Name:   fmt.Sprintf("kubectl-kkp_mirror_v1.2.3_%s_%s%s", p.OS, p.Arch, p.extension()),
			Binary: p.binary(),
			SHA256: strings.Repeat("0", 64),
		})
	}
	if err := r.writeManifest(archives); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(r.Dir, manifestName))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestManifestOfEveryPlatform(t *testing.T) {
	plugin, err := readManifest(manifestName, []byte(manifestOf(t)))
	if err != nil {
		t.Fatal(err)
	}
	if got := len(plugin.Spec.Platforms); got != 6 {
		t.Errorf("%d platforms, want 6", got)
	}
	want := "https://github.com/kkp-mirror/kubectl-kkp_mirror/releases/download/v1.2.3/kubectl-kkp_mirror_v1.2.3_windows_arm64.zip"
	if last := plugin.Spec.Platforms[5]; last.URI != want || last.Bin != "kubectl-kkp_mirror.exe" {
		t.Errorf("windows/arm64 is %s in %s", last.Bin, last.URI)
	}
}

func TestRulesOfKrew(t *testing.T) {
	good := manifestOf(t)
	for _, c := range []struct{ name, from, to string }{
		{"unknown field", "homepage:", "homesite:"},
		{"other name than the file's", "name: kkp-mirror", "name: mirror"},
		{"version without v", "version: v1.2.3", "version: 1.2.3"},
		{"full stop", "installation offline\n", "installation offline.\n"},
		{"word kubectl", "offline\n", "with kubectl\n"},
		{"long line", "offline\n", "offline, with everything that it needs to run\n"},
		{"no https", "uri: https:", "uri: http:"},
		{"checksum", strings.Repeat("0", 64), "0"},
		{"checksum that is a number", `"` + strings.Repeat("0", 64) + `"`, strings.Repeat("0", 64)},
		{"way out", "to: .\n", "to: ../..\n"},
		{"no license", "from: LICENSE", "from: README"},
		{"platform twice", "arch: arm64", "arch: amd64"},
		{"no executable", "bin: kubectl-kkp_mirror\n", "bin: ''\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := strings.Replace(good, c.from, c.to, 1)
			if bad == good {
				t.Fatalf("%q is not in the manifest", c.from)
			}
			if _, err := readManifest(manifestName, []byte(bad)); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestPack(t *testing.T) {
	modified := time.Unix(1_700_000_000, 0).UTC()
	for _, p := range []platform{{OS: "linux", Arch: "amd64"}, {OS: "windows", Arch: "amd64"}} {
		t.Run(p.OS, func(t *testing.T) {
			var good, bad bytes.Buffer
			if err := p.pack(&good, modified, []tarfile.File{{Name: "a", Mode: 0o755, Content: []byte("x")}}); err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if err := unpack(p.extension(), good.Bytes(), dir); err != nil {
				t.Fatal(err)
			}
			if info, err := os.Stat(filepath.Join(dir, "a")); err != nil || info.Mode().Perm() != 0o755 {
				t.Errorf("unpacked as %v, %v", info, err)
			}
			if err := p.pack(&bad, modified, []tarfile.File{{Name: "../a"}}); err != nil {
				t.Fatal(err)
			}
			if err := unpack(p.extension(), bad.Bytes(), t.TempDir()); err == nil {
				t.Error("a way out of the archive was accepted")
			}
		})
	}
}

func TestCheckVersion(t *testing.T) {
	for version, valid := range map[string]bool{
		"v1.2.3": true, "v0.1.0-rc.1": true, "v10.20.30-alpha": true,
		"": false, "1.2.3": false, "v1.2": false, "v1.2.3.4": false, "v01.2.3": false,
		"v1.2.3-": false, "v1.2.3-01": false, "v1.2.3+x": false, "v1.2.3 ": false, "v1.2.3\n": false,
	} {
		if err := checkVersion(version); (err == nil) != valid {
			t.Errorf("%q: %v", version, err)
		}
	}
}

func TestCommitTime(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	got, err := commitTime(t.Context(), ".")
	if err != nil || got.Format(time.RFC3339) != "2023-11-14T22:13:20Z" {
		t.Errorf("got %v, %v", got, err)
	}
	t.Setenv("SOURCE_DATE_EPOCH", "yesterday")
	if _, err := commitTime(t.Context(), "."); err == nil {
		t.Error("yesterday was accepted")
	}
	t.Setenv("SOURCE_DATE_EPOCH", "")
	if _, err := commitTime(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "SOURCE_DATE_EPOCH") {
		t.Errorf("outside a clone: %v", err)
	}
}
