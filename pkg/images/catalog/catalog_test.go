package catalog

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// newest is the newest release of a minor that the catalog has.
func newest(minor string) string {
	releases := supportedByMinor()[minor]
	return releases[len(releases)-1]
}

func TestOpenFallsBack(t *testing.T) {
	tests := []struct {
		asked, version, dataVersion string
		exact                       bool
	}{
		{"v2.31.0", "v2.31.0", "v2.31.0", true},
		{"2.31.0", "v2.31.0", "v2.31.0", true},
		{"v2.29.10", "v2.29.10", "v2.29.10", true},
		{"v2.31.99", "v2.31.99", newest("v2.31"), false},
		{"v2.28.99", "v2.28.99", newest("v2.28"), false},
		{"v2.31.0-12-gabc", "v2.31.0-12-gabc", "v2.31.0", false},
		{"v2.28.1-rc.0", "v2.28.1-rc.0", "v2.28.1", false},
		{"v2.29.3-5-gdeadbee", "v2.29.3-5-gdeadbee", "v2.29.3", false},
		{"v2.30.0-rc.1", "v2.30.0-rc.1", "v2.30.0", false},
	}
	for _, test := range tests {
		t.Run(test.asked, func(t *testing.T) {
			release := open(t, test.asked, CE)
			if release.Version() != test.version || release.DataVersion() != test.dataVersion || release.Exact() != test.exact {
				t.Errorf("got %s, data of %s, exact %v", release.Version(), release.DataVersion(), release.Exact())
			}
		})
	}
}

func TestOpenBeforeTheOldestPatch(t *testing.T) {
	release := open(t, "v2.31.0", CE)
	file := *release.file
	file.Releases = slices.Clone(file.Releases[:1])
	file.Releases[0].Version = "v2.31.4"
	asked, err := parseVersion("v2.31.2")
	if err != nil {
		t.Fatal(err)
	}
	older, err := newRelease(&file, asked, CE)
	if err != nil {
		t.Fatal(err)
	}
	if older.DataVersion() != "v2.31.4" || older.Exact() {
		t.Errorf("data of %s, exact %v", older.DataVersion(), older.Exact())
	}
}

func TestOpenUnknown(t *testing.T) {
	for _, version := range []string{"v2.27.3", "v2.99.0", "v3.31.0", "", "main", "v2.31", "65b0942a"} {
		t.Run(version, func(t *testing.T) {
			_, err := Open(version, CE)
			var unknown *UnknownReleaseError
			if !errors.As(err, &unknown) {
				t.Fatalf("got %v", err)
			}
			if unknown.Oldest != "v2.28" || !strings.Contains(err.Error(), unknown.Newest) {
				t.Errorf("range missing: %v", err)
			}
		})
	}
	var unknown *UnknownEditionError
	if _, err := Open("v2.31.0", "pro"); !errors.As(err, &unknown) {
		t.Errorf("got %v", err)
	}
}

func TestParseEdition(t *testing.T) {
	for text, want := range map[string]Edition{"CE": CE, "ce": CE, "EE": EE, "Ee": EE} {
		if got, err := ParseEdition(text); err != nil || got != want {
			t.Errorf("%s: got %s, %v", text, got, err)
		}
	}
	if _, err := ParseEdition(""); err == nil {
		t.Error("empty edition accepted")
	}
}

func TestReleaseFacts(t *testing.T) {
	release := open(t, "v2.28.13", EE)
	if got := release.Kubernetes(); len(got) != 34 || got[0] != "1.30.5" || got[33] != "1.33.13" {
		t.Errorf("Kubernetes: %v", got)
	}
	if got := release.Providers(); !slices.Contains(got, "packet") {
		t.Errorf("providers: %v", got)
	}
	latest := open(t, "v2.31.0", CE)
	typ, version := latest.DefaultCNI()
	facts := []string{latest.DefaultKubernetes(), typ, version, latest.DefaultCNIVersion("canal")}
	if diff := cmp.Diff([]string{"1.35.7", "cilium", "1.19.4", "v3.31"}, facts); diff != "" {
		t.Error(diff)
	}
	if got := latest.DefaultAddons(); len(got) != 10 || got[0] != "canal" {
		t.Errorf("default addons: %v", got)
	}
	if got := latest.AccessibleAddons(); len(got) != 4 {
		t.Errorf("accessible addons: %v", got)
	}
	if slices.Contains(latest.Providers(), "packet") {
		t.Error("packet is gone since 2.29")
	}
	if got := latest.CNI(); len(got["canal"]) != 11 || !slices.Equal(got["none"], []string{""}) {
		t.Errorf("CNI: %v", got)
	}
}

func TestFeatures(t *testing.T) {
	want := []string{
		"ExternalApplicationCatalogManager", "HeadlessInstallation=false", "VerticalPodAutoscaler", "chartsFromSource",
		"exposeStrategy=LoadBalancer", "externalCloudProvider", "konnectivity=false", "metering", "userClusterMLA",
	}
	if diff := cmp.Diff(want, open(t, "v2.31.0", EE).Features()); diff != "" {
		t.Error(diff)
	}
}

func FuzzOpen(f *testing.F) {
	for _, seed := range []string{"v2.31.0", "2.28.4", "v2.31.0-12-gabc", "v2.31.1-rc.0", "", "v", "v2..1", "v2.31.18446744073709551616"} {
		f.Add(seed, "ce")
	}
	f.Fuzz(func(t *testing.T, version, edition string) {
		release, err := Open(version, Edition(edition))
		if err != nil {
			return
		}
		if !slices.Contains(Supported(), release.DataVersion()) {
			t.Errorf("data of %s", release.DataVersion())
		}
		if release.Exact() != (release.Version() == release.DataVersion()) {
			t.Errorf("exact: %v", release.Exact())
		}
	})
}

func BenchmarkEverything(b *testing.B) {
	for b.Loop() {
		open(b, "v2.28.13", EE).Images(Everything())
	}
}
