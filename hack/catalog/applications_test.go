package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
)

// writeSource writes what counts of KKP's source at a release, as the catalog knows it, with text replaced: pairs of old and new.
func writeSource(t *testing.T, release string, replacements ...string) string {
	t.Helper()
	dir := t.TempDir()
	write := func(path, text string) {
		path = filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.NewReplacer(replacements...).Replace(text)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	opened, err := catalog.Open(release, catalog.EE)
	if err != nil {
		t.Fatal(err)
	}
	for _, app := range opened.Applications() {
		source := catalogDir
		if app.System {
			source = systemDir
		}
		write(source+"/"+app.Name+".yaml", applicationDefinition(t, app))
	}
	for _, edition := range []string{"ce", "ee"} {
		write("docs/zz_generated.kubermaticConfiguration."+edition+".yaml", "spec:\n  versions:\n    default: v"+opened.DefaultKubernetes()+"\n")
	}
	return dir
}

// applicationDefinition is an application as KKP's source has it.
func applicationDefinition(t *testing.T, app catalog.Application) string {
	t.Helper()
	var versions []any
	for _, version := range app.Versions {
		helm := map[string]any{"url": app.Repository, "chartName": app.Chart, "chartVersion": version.Chart}
		versions = append(versions, map[string]any{"version": version.Version, "template": map[string]any{"source": map[string]any{"helm": helm}}})
	}
	raw, err := yaml.Marshal(map[string]any{
		"kind": "ApplicationDefinition", "metadata": map[string]any{"name": app.Name},
		"spec": map[string]any{"method": "helm", "versions": versions, "defaultValuesBlock": "# a comment\n" + app.Values},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func importSource(t *testing.T, source, release string) (before, after, out string, err error) {
	t.Helper()
	dir := copyData(t)
	path := filepath.Join(dir, release[:strings.LastIndex(release, ".")]+".yaml")
	before = mustRead(t, path)
	var stdout bytes.Buffer
	err = run(t.Context(), []string{"-source", source, "-release", release, "-data", dir, "-write"}, &stdout, &stdout)
	return before, mustRead(t, path), stdout.String(), err
}

func TestTheSameSourceChangesNothing(t *testing.T) {
	for _, release := range []string{"v2.31.0", "v2.28.5"} {
		before, after, out, err := importSource(t, writeSource(t, release), release)
		if diff := cmp.Diff(before, after); diff != "" || err != nil || !strings.Contains(out, ": 0 added, 0 removed, 0 changed") {
			t.Error(err, diff, out)
		}
	}
}

func TestSourceOfOneReleaseLeavesTheOthers(t *testing.T) {
	source := writeSource(t, "v2.30.6", "version: 1.18.10", "version: 1.18.11", "enabled: false", "enabled: maybe", "default: v1", "default: v9")
	before, after, out, err := importSource(t, source, "v2.30.6")
	if err != nil || before == after {
		t.Fatal(err)
	}
	for _, line := range []string{
		"- {version: 1.18.10, since: v2.30.5, until: v2.30.5}", "- {version: 1.18.11, chart: 1.18.10, since: v2.30.6}",
		"    until: v2.30.5\n    values: |\n      envoy:\n        enabled: false", "    since: v2.30.6\n    values: |\n      envoy:\n        enabled: maybe",
		"  defaultKubernetes: 9.",
	} {
		if !strings.Contains(after, line) {
			t.Errorf("%q is missing", line)
		}
	}
	for _, line := range []string{
		"+ application cilium 1.18.11 1.18.10", "- application cilium 1.18.10", "+ application cilium from oci://", "! default Kubernetes version: 9.",
	} {
		if !strings.Contains(out, line) {
			t.Errorf("the summary lacks %q:\n%s", line, out)
		}
	}
	if strings.Contains(after, "a comment") {
		t.Error("comments are no facts")
	}
}

func TestSourceThatDoesNotFit(t *testing.T) {
	for name, c := range map[string]struct{ release, old, new string }{
		"method":   {"v2.31.0", "method: helm", "method: git"},
		"values":   {"v2.31.0", "# a comment\n", "[\n"},
		"yaml":     {"v2.31.0", "kind: ", "kind"},
		"name":     {"v2.31.0", "name: cluster-autoscaler", "name: cilium"},
		"no chart": {"v2.31.0", "chartName: cilium", "chartName: ../cilium"},
		"versions": {"v2.31.0", "version: 1.18.8", "version: 1.18.10"},
		"chart":    {"v2.30.6", "chartName: cilium", "chartName: cilium2"},
		"default":  {"v2.31.0", "default: v1", "other: v1"},
	} {
		before, after, _, err := importSource(t, writeSource(t, c.release, c.old, c.new), c.release)
		if err == nil || before != after {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, _, _, err := importSource(t, t.TempDir(), "v2.31.0"); err == nil || !strings.Contains(err.Error(), systemDir) {
		t.Errorf("no checkout: %v", err)
	}
}
