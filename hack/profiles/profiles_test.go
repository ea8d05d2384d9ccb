package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/harness"
)

// TestCommitted makes the committed data of the oldest and of the newest minor again.
// The data of KKP has the default profiles, in osps/MINOR.
func TestCommitted(t *testing.T) {
	root := filepath.Dir(filepath.Dir(filepath.Dir(harness.DataFiles(t, "osps/*/*.yaml")[0])))
	minors := catalog.Minors()
	for _, minor := range []string{minors[0], minors[len(minors)-1]} {
		known, err := catalog.Open(minor)
		if err != nil {
			t.Fatal(err)
		}
		want, err := release(t.Context(), known.OSM, filepath.Join(root, "osps", minor))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join("..", "..", "pkg", "files", "catalog", "data", minor+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s (-made +committed)\n%s", minor, diff)
		}
	}
}

// TestConditions makes the data of a profile of our own.
func TestConditions(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "osp-small.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := profileOf(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	want := catalog.Profile{
		Name: "osp-small", Version: "v1.0.0", OS: "flatcar", OSVersion: "1", Providers: []string{"aws", "gce"},
		Files: []catalog.File{
			{URL: "https://example.com/new", Where: "/opt/run", Condition: catalog.Condition{Except: []string{"1.27", "1.28", "1.29", "1.30", "1.31", "1.32", "1.33"}}},
			{URL: "https://example.com/old", Where: "/opt/run", Condition: catalog.Condition{Kubernetes: []string{"1.27", "1.28", "1.29", "1.30", "1.31", "1.32", "1.33"}}},
			{URL: "https://example.com/v{kubernetes}/linux-{arch}", Where: "/opt/run"},
		},
		Packages: []catalog.Package{{Name: "agent", Manager: "apt", Condition: catalog.Condition{Providers: []string{"gce"}}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
