package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
)

// writeLists writes lists of what releases ship, as the catalog knows it, with text replaced: pairs of old and new.
func writeLists(t *testing.T, releases []string, replacements ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, release := range releases {
		for _, edition := range []catalog.Edition{catalog.CE, catalog.EE} {
			opened, err := catalog.Open(release, edition)
			if err != nil {
				t.Fatal(err)
			}
			var list []listedVersion
			for _, app := range opened.Applications() {
				for _, version := range app.Versions {
					list = append(list, listedVersion{
						Source: map[bool]string{true: "application-system", false: "application-default"}[app.System], Component: app.Name, Method: "helm",
						Version: version.Version, HelmURL: app.Repository, Chart: app.Chart, ChartVersion: version.Chart, DefaultValues: "# a comment\n" + app.Values,
					})
				}
			}
			raw, err := json.Marshal(list)
			if err != nil {
				t.Fatal(err)
			}
			text := strings.NewReplacer(replacements...).Replace(string(raw))
			if err := os.WriteFile(filepath.Join(dir, "applications-"+release+"-"+string(edition)+".json"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func importLists(t *testing.T, lists, release string) (before, after string, err error) {
	t.Helper()
	dir := copyData(t)
	path := filepath.Join(dir, release[:strings.LastIndex(release, ".")]+".yaml")
	before = mustRead(t, path)
	var out bytes.Buffer
	err = run(t.Context(), []string{"-applications", lists, "-release", release, "-data", dir}, &out, &out)
	return before, mustRead(t, path), err
}

func TestTheSameListsChangeNothing(t *testing.T) {
	for _, releases := range [][]string{{"v2.31.0"}, {"v2.28.4", "v2.28.5"}} {
		before, after, err := importLists(t, writeLists(t, releases), releases[0])
		if diff := cmp.Diff(before, after); diff != "" || err != nil {
			t.Error(err, diff)
		}
	}
}

func TestListsOfOneReleaseLeaveTheOthers(t *testing.T) {
	lists := writeLists(t, []string{"v2.30.6"}, `"version":"1.18.10"`, `"version":"1.18.11"`, "enabled: false", "enabled: maybe")
	before, after, err := importLists(t, lists, "v2.30.6")
	if err != nil || before == after {
		t.Fatal(err)
	}
	for _, line := range []string{
		"- {version: 1.18.10, since: v2.30.5, until: v2.30.5}", "- {version: 1.18.11, chart: 1.18.10, since: v2.30.6}",
		"    until: v2.30.5\n    values: |\n      envoy:\n        enabled: false", "    since: v2.30.6\n    values: |\n      envoy:\n        enabled: maybe",
	} {
		if !strings.Contains(after, line) {
			t.Errorf("%q is missing", line)
		}
	}
	if strings.Contains(after, "a comment") {
		t.Error("comments are no facts")
	}
}

func TestListsThatDoNotFit(t *testing.T) {
	for name, c := range map[string]struct{ release, old, new string }{
		"method":   {"v2.31.0", `"helm"`, `"git"`},
		"field":    {"v2.31.0", `"method"`, `"how":"","method"`},
		"values":   {"v2.31.0", `# a comment\n`, `[`},
		"source":   {"v2.31.0", `application-system`, `application-attic`},
		"no chart": {"v2.31.0", `"chart":"cilium"`, `"chart":"../cilium"`},
		"versions": {"v2.31.0", `"version":"1.18.8"`, `"version":"1.18.10"`},
		"chart":    {"v2.30.6", `"chart":"cilium"`, `"chart":"cilium2"`},
	} {
		before, after, err := importLists(t, writeLists(t, []string{c.release}, c.old, c.new), c.release)
		if err == nil || before != after {
			t.Errorf("%s: accepted", name)
		}
	}
	lists := writeLists(t, []string{"v2.31.0"})
	if _, _, err := importLists(t, lists, "v2.30.6"); err == nil {
		t.Error("lists of no release of the minor are accepted")
	}
	if err := os.Remove(filepath.Join(lists, "applications-v2.31.0-ee.json")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := importLists(t, lists, "v2.31.0"); err == nil {
		t.Error("one edition without the other is accepted")
	}
	ee := filepath.Join(lists, "applications-v2.31.0-ee.json")
	text := strings.ReplaceAll(mustRead(t, filepath.Join(lists, "applications-v2.31.0-ce.json")), "1.19.4", "1.19.5")
	if err := os.WriteFile(ee, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := importLists(t, lists, "v2.31.0"); err == nil || !strings.Contains(err.Error(), "cilium") {
		t.Errorf("editions that contradict each other: %v", err)
	}
}
