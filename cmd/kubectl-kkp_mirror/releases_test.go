package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/harness"
)

// configurations are sets of files: those of the project and, where the data of KKP has a directory examples, those there.
func configurations(t *testing.T) map[string][]string {
	t.Helper()
	sets := map[string][]string{}
	for _, dir := range []string{filepath.Join("testdata", "configurations"), filepath.Join(harness.Data(t), "examples")} {
		files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if filepath.Base(file) != "seeds.yaml" {
				sets[file] = []string{file}
				sets[file+" with Seeds"] = []string{file, filepath.Join(dir, "seeds.yaml")}
			}
		}
	}
	if len(sets) < 4 {
		t.Fatalf("only %d configurations", len(sets))
	}
	return sets
}

// list runs images, and returns what it prints and says.
func list(t *testing.T, s standIn, version string, edition catalog.Edition, files []string, args ...string) (images.ImageList, string) {
	t.Helper()
	args = append([]string{"images", "--kkp-version", version, "--edition", string(edition), "-o", "json", "--registry-map", "*=" + s.host + "/{host}"}, args...)
	for _, file := range files {
		args = append(args, "-f", file)
	}
	command := exec.CommandContext(t.Context(), "kubectl-kkp_mirror", args...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	var exit *exec.ExitError
	if err := command.Run(); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 3) {
		t.Fatalf("%v: %v\n%s", args, err, stderr.String())
	}
	var printed images.ImageList
	if err := json.Unmarshal(stdout.Bytes(), &printed); err != nil {
		t.Fatal(err)
	}
	return printed, stderr.String()
}

// TestFirstInstallations lists what a first installation needs, for the newest patch of each minor version, with charts
// that can be pulled. That the application data of every release is listed, TestEveryRelease of pkg/images/discover shows.
func TestFirstInstallations(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	newest := map[string]string{}
	for _, version := range catalog.Supported() {
		newest[version[:strings.LastIndex(version, ".")]] = version
	}
	sets := configurations(t)
	for _, version := range newest {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			s := newStandIn(t, version)
			for name, files := range sets {
				if version != "v2.31.0" && !strings.Contains(name, filepath.Join("configurations", "private.yaml with Seeds")) {
					continue // one suffices
				}
				for _, edition := range []catalog.Edition{catalog.CE, catalog.EE} {
					checkFirst(t, s, version, edition, name, files)
				}
			}
		})
	}
}

func checkFirst(t *testing.T, s standIn, version string, edition catalog.Edition, name string, files []string) {
	t.Helper()
	some, said := list(t, s, version, edition, files)
	everything, _ := list(t, s, version, edition, files, "--all")
	for _, printed := range []images.ImageList{some, everything} {
		if len(printed.Gaps) > 0 {
			t.Errorf("%s %s: %v", name, edition, printed.Gaps)
		}
		for _, from := range printed.Sources {
			if from.Images == 0 && from.Note == "" {
				t.Errorf("%s %s: the source %s is silent", name, edition, from.Source)
			}
			if !strings.Contains(said, from.Source+" ") {
				t.Errorf("%s %s: the summary lacks the source %s", name, edition, from.Source)
			}
		}
		if len(printed.Sources) != 7 {
			t.Errorf("%s %s: sources are %v", name, edition, printed.Sources)
		}
	}
	has := func(printed images.ImageList, ref string) bool {
		return slices.ContainsFunc(printed.Items, func(img images.Image) bool { return img.Ref.String() == ref })
	}
	release, err := catalog.Open(version, edition)
	if err != nil {
		t.Fatal(err)
	}
	shipped := 0
	for _, app := range release.Applications() {
		shipped += len(app.Versions)
	}
	listed := 0
	for i, ref := range s.refs {
		if has(everything, ref) {
			listed++
		}
		if edition == catalog.EE && i < len(s.runs) && !has(everything, s.runs[i]) {
			t.Errorf("%s %s: --all lacks %s", name, edition, s.runs[i])
		}
	}
	if listed != shipped {
		t.Errorf("%s %s: --all lists %d of the charts of %d application versions", name, edition, listed, shipped)
	}
	_, cilium := release.DefaultCNI()
	for _, want := range []string{"docker.io/standin/cilium:" + cilium, "docker.io/standin/envoy:" + cilium, "ghcr.io/standin/addon:1", "ghcr.io/standin/dex:1"} {
		if !has(some, want) {
			t.Errorf("%s %s: %s is missing", name, edition, want)
		}
	}
	inUse := strings.Contains(name, "configurations") && strings.Contains(name, "Seeds") // by the cluster there
	if has(some, "docker.io/standin/cilium:1.16.9") != inUse {
		t.Errorf("%s %s: Cilium 1.16.9 of the cluster is in use: %t", name, edition, inUse)
	}
}
