package main

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog/data"
)

const (
	committed = "../../pkg/images/catalog/data"
	promised  = "../../pkg/images/catalog/testdata"
)

// copyData copies the committed data, and what is expected of it, to a
// directory that may be written: up to v2.31.0, which the facts in testdata are of.
func copyData(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, minor := range []string{"v2.28", "v2.29", "v2.30", "v2.31"} {
		write := func(name string, raw []byte) {
			if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		file := parsed(t, committed, minor+".0")
		want, err := readExpected(filepath.Join(promised, minor+".txt"), versions(file))
		if err != nil {
			t.Fatal(err)
		}
		if last := file.Index("v2.31.0"); last >= 0 {
			forget(t, file, want, last+1)
		}
		write(minor+".yaml", data.Format(file))
		write(minor+".txt", want.format())
	}
	return dir
}

// forget takes the releases from the nth on out of the data and what is expected of it.
func forget(t *testing.T, file *data.File, want *expected, n int) {
	t.Helper()
	short := *file
	short.Releases = file.Releases[:n]
	var components []data.Component
	for _, component := range file.Components {
		if component.Images = newGrid(file, component).until(n).entries(&short); len(component.Images) > 0 {
			components = append(components, component)
		}
	}
	var settings []data.Setting
	for _, setting := range file.Settings {
		if file.Within(n-1, setting.Since, setting.Until) {
			setting.Until = ""
			settings = append(settings, setting)
		}
	}
	var releases []shipped
	for i := range n {
		releases = append(releases, shippedIn(file, i))
	}
	applications, err := joined(&short, releases)
	if err != nil {
		t.Fatal(err)
	}
	short.Components, short.Settings, short.Applications = components, settings, applications
	for reference, line := range want.lines {
		maps.DeleteFunc(line.in, func(at cell, _ bool) bool { return at.release >= n })
		want.lines[reference] = line
	}
	want.releases = want.releases[:n]
	*file = short
}

// until keeps the cells of the first releases.
func (g *grid) until(n int) *grid {
	for i := range g.cells {
		maps.DeleteFunc(g.cells[i], func(at cell, _ bool) bool { return at.release >= n })
	}
	return g
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
	args = append([]string{"-installer", os.Args[0]}, args...)
	if i := slices.Index(args, "-data"); i >= 0 {
		args = append(args, "-expected", args[i+1])
	}
	err = run(t.Context(), args, &stdout, &stdout)
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
			before := map[string]string{}
			for _, file := range []string{test.minor + ".yaml", test.minor + ".txt"} {
				before[file] = mustRead(t, filepath.Join(dir, file))
			}
			facts := filepath.Join("testdata", test.release+"-"+test.edition+".tsv")
			out, err := rebuild(t, facts, "-release", test.release, "-edition", test.edition, "-data", dir, "-write")
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(out, test.release+" "+test.edition+": 0 added, 0 removed, 0 changed") {
				t.Error(out)
			}
			after := map[string]string{}
			for file := range before {
				after[file] = mustRead(t, filepath.Join(dir, file))
			}
			if diff := cmp.Diff(before, after); diff != "" {
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
		"! Kubernetes versions: +1.34.11\n",
		"~ machine-controller (user-cluster) [exposeStrategy=LoadBalancer] quay.io/kubermatic/machine-controller:v1.66.2 → v1.66.3",
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

// TestThePatchReleaseAfterV2310 is the release that v2.31.0's branch becomes: three Kubernetes versions more.
func TestThePatchReleaseAfterV2310(t *testing.T) {
	dir := copyData(t)
	before := mustRead(t, filepath.Join(dir, "v2.31.yaml"))
	for _, edition := range []string{"ce", "ee"} {
		facts := edited(t, "testdata/v2.31.0-"+edition+".tsv", "v2.31.1-"+edition+".tsv",
			"1.34.10", "1.34.10 1.34.11", "1.35.7", "1.35.7 1.35.8", "1.36.3", "1.36.3 1.36.4")
		out, err := rebuild(t, facts, "-release", "v2.31.1", "-edition", edition, "-data", dir, "-write")
		if err != nil || !strings.Contains(out, ": 0 added, 0 removed, 0 changed") {
			t.Error(err, out)
		}
		if news := "! Kubernetes versions: +1.34.11 +1.35.8 +1.36.4\n"; strings.Contains(out, news) != (edition == "ce") {
			t.Errorf("%s: %s", edition, out)
		}
	}
	after := mustRead(t, filepath.Join(dir, "v2.31.yaml"))
	added, rest := "", after
	if start, end := strings.Index(after, "- version: v2.31.1"), strings.Index(after, "settings:"); start > 0 {
		added, rest = after[start:end], after[:start]+after[end:]
	}
	if diff := cmp.Diff(before, rest); diff != "" {
		t.Errorf("more changed than the list of releases: %s", diff)
	}
	if !strings.Contains(added, "1.36.3, 1.36.4]") || !strings.Contains(added, "defaultKubernetes: 1.35.8") {
		t.Error(added)
	}
	for _, edition := range []string{"ce", "ee"} {
		old, found := promises(t, dir, "v2.31.0", edition), promises(t, dir, "v2.31.1", edition)
		if diff := cmp.Diff(found, references(t, dir, "v2.31.1", edition)); diff != "" {
			t.Errorf("%s: the data is not as expected: %s", edition, diff)
		}
		for reference := range old {
			if repository, tag := split(reference); !found[reference] && (tag != "v2.31.0" || !found[repository+":v2.31.1"]) {
				t.Errorf("%s: lost %s", edition, reference)
			}
		}
		if len(found) != len(old)+9 {
			t.Errorf("%s: %d references, before %d", edition, len(found), len(old))
		}
	}
}

// promises are the references that the catalog's tests expect of a release.
func promises(t *testing.T, dir, release, edition string) map[string]bool {
	t.Helper()
	file := parsed(t, dir, release)
	want, err := readExpected(filepath.Join(dir, release[:strings.LastIndex(release, ".")]+".txt"), versions(file))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for reference, line := range want.lines {
		if line.in[cell{file.Index(release), edition}] {
			found[reference] = true
		}
	}
	return found
}

// references are those that the data has for a release, but for what upstream misses and the expectations do not name.
func references(t *testing.T, dir, release, edition string) map[string]bool {
	t.Helper()
	file := parsed(t, dir, release)
	index, expected := file.Index(release), promises(t, dir, release, edition)
	found := map[string]bool{}
	for _, component := range file.Components {
		for _, entry := range component.Images {
			if !file.Active(component, entry, index, edition) {
				continue
			}
			minors := "*"
			if len(entry.Kubernetes) > 0 {
				minors = strings.Join(entry.Kubernetes, ",")
			}
			for _, image := range expand(strings.ReplaceAll(entry.Image, "{kkp}", release), minors, file.Release(index).Kubernetes) {
				if entry.Upstream != data.UpstreamMissing || expected[image] {
					found[image] = true
				}
			}
		}
	}
	return found
}

func parsed(t *testing.T, dir, release string) *data.File {
	t.Helper()
	file, err := data.Parse([]byte(mustRead(t, filepath.Join(dir, release[:strings.LastIndex(release, ".")]+".yaml"))))
	if err != nil {
		t.Fatal(err)
	}
	return file
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

// TestRunsAreReadAgain wants recorded runs to do without the installer.
func TestRunsAreReadAgain(t *testing.T) {
	dir, recorded := copyData(t), filepath.Join(t.TempDir(), "runs")
	facts := edited(t, "testdata/v2.31.0-ce.tsv", "v2.31.1-ce.tsv", "machine-controller:v1.66.2", "machine-controller:v1.66.3")
	first, err := rebuild(t, facts, "-release", "v2.31.1", "-data", dir, "-runs", recorded, "-ignore", "d3fk/")
	if err != nil {
		t.Fatal(err)
	}
	args := mustRead(t, filepath.Join(recorded, "08-provider-aws.args"))
	if !strings.Contains(args, "--config DIR/kubermatic.yaml") || !strings.HasSuffix(args, "--provider-filter aws registry.invalid\n") {
		t.Error(args)
	}
	if !strings.Contains(mustRead(t, filepath.Join(recorded, "01-all.images")), "\nd3fk/s3cmd@sha256:") {
		t.Error("what a run listed is not recorded in full")
	}
	var again bytes.Buffer
	replay := []string{"-runs", recorded, "-release", "v2.31.1", "-data", dir, "-ignore", "d3fk/"}
	if err := run(t.Context(), replay, &again, &again); err != nil || again.String() != first {
		t.Errorf("%v: %s", err, cmp.Diff(first, again.String()))
	}
	if err := os.Remove(filepath.Join(recorded, "02-version-1.33.0.args")); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), replay, &again, &again); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a run is missing: %v", err)
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
	if diff := cmp.Diff(promises(t, dir, "v2.32.0", "ce"), references(t, dir, "v2.32.0", "ce")); diff != "" {
		t.Errorf("the data is not as expected: %s", diff)
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
