package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog/data"
)

const committed = "../../pkg/images/catalog/data"

// copyData copies the committed data to a directory that may be written.
func copyData(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	files, err := filepath.Glob(filepath.Join(committed, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatal("no data", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(file)), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// rebuild runs the program against a stand-in with these facts.
func rebuild(t *testing.T, facts string, args ...string) (string, error) {
	t.Helper()
	facts, err := filepath.Abs(facts)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(standInFacts, facts)
	var stdout bytes.Buffer
	err = run(t.Context(), append([]string{"-installer", os.Args[0]}, args...), &stdout, &stdout)
	return stdout.String(), err
}

// edited writes facts with lines replaced: pairs of old and new.
func edited(t *testing.T, facts, name string, replacements ...string) string {
	t.Helper()
	raw, err := os.ReadFile(facts)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(replacements); i += 2 {
		if !strings.Contains(string(raw), replacements[i]) {
			t.Fatalf("%s lacks %q", facts, replacements[i])
		}
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(strings.NewReplacer(replacements...).Replace(string(raw))), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func mustRead(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestRebuildingAKnownReleaseChangesNothing(t *testing.T) {
	for _, test := range []struct{ release, edition, minor string }{
		{"v2.31.0", "ce", "v2.31"}, {"v2.31.0", "ee", "v2.31"}, {"v2.29.10", "ce", "v2.29"},
	} {
		t.Run(test.release+" "+test.edition, func(t *testing.T) {
			dir := copyData(t)
			facts := filepath.Join("testdata", test.release+"-"+test.edition+".tsv")
			out, err := rebuild(t, facts, "-release", test.release, "-edition", test.edition, "-data", dir, "-write")
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(out, test.release+" "+test.edition+": 0 added, 0 removed, 0 changed") {
				t.Error(out)
			}
			file := test.minor + ".yaml"
			if diff := cmp.Diff(mustRead(t, filepath.Join(committed, file)), mustRead(t, filepath.Join(dir, file))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestANewPatchRelease(t *testing.T) {
	dir := copyData(t)
	edits := []string{
		"machine-controller:v1.66.2", "machine-controller:v1.66.3",
		"1.34.10", "1.34.10 1.34.11",
		"openstack-cloud-controller-manager:v1.34.1", "openstack-cloud-controller-manager:v1.34.2",
		"docker.io/fluent/fluent-bit:4.0.0", "quay.io/example/log-shipper:1.0.0",
		"sig-storage/csi-resizer:v1.13.1", "sig-storage/csi-resizer:v1.14.0",
		"sig-storage/csi-attacher:v4.3.0", "sig-storage/csi-attacher:v4.4.0",
	}
	facts := edited(t, "testdata/v2.31.0-ce.tsv", "v2.31.1-ce.tsv", edits...)
	out, err := rebuild(t, facts, "-release", "v2.31.1", "-data", dir, "-write")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"+ log-shipper (user-cluster) quay.io/example/log-shipper:1.0.0",
		"- apiserver (user-cluster) docker.io/fluent/fluent-bit:4.0.0",
		"~ machine-controller (user-cluster) [not edge] quay.io/kubermatic/machine-controller:v1.66.2 → v1.66.3",
		"~ openstack-cloud-controller-manager (user-cluster) [1.34, openstack] registry.k8s.io/provider-os/openstack-cloud-controller-manager:v1.34.1 → v1.34.2",
		"~ csi-controller (user-cluster) [kubevirt] registry.k8s.io/sig-storage/csi-resizer:v1.13.1 → v1.14.0",
		"~ csi-controller (user-cluster) [vmwareclouddirector] registry.k8s.io/sig-storage/csi-attacher:v4.3.0 → v4.4.0",
		"! new repository quay.io/example/log-shipper",
		"! default Kubernetes versions changed",
		"    kubeone quay.io/kubermatic/kubeone:v1.12.3",
	} {
		if !strings.Contains(out, line) {
			t.Errorf("summary lacks %q", line)
		}
	}
	if t.Failed() {
		t.Log(out)
	}

	out, err = rebuild(t, facts, "-release", "v2.31.1", "-data", dir)
	if err != nil || !strings.Contains(out, ": 0 added, 0 removed, 0 changed") {
		t.Errorf("not stable: %v\n%s", err, out)
	}
	checkFile(t, filepath.Join(dir, "v2.31.yaml"), map[string]string{
		"v2.31.0 ce": "machine-controller:v1.66.2 fluent-bit:4.0.0",
		"v2.31.0 ee": "machine-controller:v1.66.2 fluent-bit:4.0.0",
		"v2.31.1 ce": "machine-controller:v1.66.3 log-shipper:1.0.0",
		"v2.31.1 ee": "machine-controller:v1.66.2 fluent-bit:4.0.0",
	})

	facts = edited(t, "testdata/v2.31.0-ee.tsv", "v2.31.1-ee.tsv", edits...)
	if _, err := rebuild(t, facts, "-release", "v2.31.1", "-edition", "ee", "-data", dir, "-write"); err != nil {
		t.Fatal(err)
	}
	written := mustRead(t, filepath.Join(dir, "v2.31.yaml"))
	want := "  - image: quay.io/kubermatic/machine-controller:v1.66.3\n    except: [edge]\n    since: v2.31.1\n"
	if !strings.Contains(written, want) {
		t.Errorf("the editions are not joined:\n%s", written)
	}
}

// checkFile wants each release and edition to have images that end in these.
func checkFile(t *testing.T, path string, want map[string]string) {
	t.Helper()
	file, err := data.Parse([]byte(mustRead(t, path)))
	if err != nil {
		t.Fatal(err)
	}
	for key, endings := range want {
		release, edition, _ := strings.Cut(key, " ")
		found := map[string]bool{}
		for _, component := range file.Components {
			for _, entry := range component.Images {
				if file.Active(component, entry, file.Index(release), edition) {
					found[filepath.Base(entry.Image)] = true
				}
			}
		}
		for _, ending := range []string{"machine-controller:v1.66.2", "machine-controller:v1.66.3", "fluent-bit:4.0.0", "log-shipper:1.0.0"} {
			if found[ending] != strings.Contains(endings, ending) {
				t.Errorf("%s: %s: %v", key, ending, found[ending])
			}
		}
	}
}

func TestANewMinor(t *testing.T) {
	dir := copyData(t)
	facts := edited(t, "testdata/v2.31.0-ce.tsv", "v2.32.0-ce.tsv",
		"1.33.0 1.33.2 1.33.3 1.33.5 1.33.6 1.33.7 1.33.8 1.33.9 1.33.10 1.33.11 1.33.12 1.33.13 ", "", "1.36.3", "1.36.3 1.37.0")
	out, err := rebuild(t, facts, "-release", "v2.32.0", "-data", dir, "-write")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out, "- apiserver (user-cluster) [1.33] registry.k8s.io/kas-network-proxy/proxy-server:v0.33.1") {
		t.Error(out)
	}
	file, err := data.Parse([]byte(mustRead(t, filepath.Join(dir, "v2.32.yaml"))))
	if err != nil {
		t.Fatal(err)
	}
	release := file.Release(0)
	if len(file.Releases) != 1 || release.Kubernetes[0] != "1.34.1" || release.DefaultKubernetes != "1.35.7" || len(release.Providers) == 0 {
		t.Errorf("releases: %+v", file.Releases)
	}
}

func TestErrors(t *testing.T) {
	dir := copyData(t)
	before := mustRead(t, filepath.Join(dir, "v2.31.yaml"))
	for name, args := range map[string][]string{
		"release": {"-release", "2.31"}, "edition": {"-release", "v2.31.0", "-edition", "pro"}, "older": {"-release", "v2.28.14-rc.0"},
		"gap": {"-release", "v2.40.0"}, "installer fails": {"-release", "v2.31.0", "-versions", "not-a-minor"}, "nothing": {},
	} {
		if out, err := rebuild(t, "testdata/v2.31.0-ce.tsv", append(args, "-data", dir, "-write")...); err == nil {
			t.Errorf("%s: no error\n%s", name, out)
		}
	}
	if mustRead(t, filepath.Join(dir, "v2.31.yaml")) != before {
		t.Error("an error changed the data")
	}
}

// TestGridKeepsTheData wants what one release can be changed in to be able to
// hold every committed file.
func TestGridKeepsTheData(t *testing.T) {
	minors, err := data.Minors()
	if err != nil {
		t.Fatal(err)
	}
	for _, minor := range minors {
		file, err := data.Load(minor)
		if err != nil {
			t.Fatal(err)
		}
		want := string(data.Format(file))
		for i, component := range file.Components {
			file.Components[i].Images = newGrid(file, component).entries(file)
		}
		if diff := cmp.Diff(want, string(data.Format(file))); diff != "" {
			t.Errorf("%s: %s", minor, diff)
		}
	}
}
