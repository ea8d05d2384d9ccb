package catalog_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/catalog"
)

// TestOpen reads what is known, and checks what every release must have.
func TestOpen(t *testing.T) {
	for _, minor := range catalog.Minors() {
		release, err := catalog.Open(minor)
		if err != nil {
			t.Fatal(err)
		}
		if len(release.Profiles) != 6 || !strings.HasPrefix(release.OSM, "v1.") {
			t.Errorf("%s: OSM %s has %d profiles", minor, release.OSM, len(release.Profiles))
		}
		for _, p := range release.Profiles {
			for _, kubernetes := range []string{"1.28.0", "1.33.2", "1.36.1", "1.40.0"} {
				checkProfile(t, minor, p, kubernetes)
			}
		}
	}
}

// checkProfile looks for one file of each program, with its checksum.
func checkProfile(t *testing.T, minor string, p catalog.Profile, kubernetes string) {
	t.Helper()
	var urls []string
	for _, f := range p.Files {
		if f.For(kubernetes, p.Providers[0]) {
			urls = append(urls, f.Address(kubernetes, "arm64"))
		}
	}
	for _, program := range []string{"/v" + kubernetes + "/bin/linux/arm64/kubelet", "kubeadm", "kubectl", "cni-plugins-linux-arm64", "crictl"} {
		var found []string
		for _, url := range urls {
			if strings.Contains(url, program) {
				found = append(found, url)
			}
		}
		if len(found) != 2 || found[1] != found[0]+".sha256" {
			t.Errorf("KKP %s, %s, Kubernetes %s: %s is at %v", minor, p.Name, kubernetes, program, found)
		}
	}
	if slices.ContainsFunc(urls, func(url string) bool { return strings.Contains(url, "{") }) {
		t.Errorf("placeholders in %v", urls)
	}
}

func TestOpenUnknown(t *testing.T) {
	_, err := catalog.Open("v2.12")
	var unknown *catalog.UnknownMinorError
	if !errors.As(err, &unknown) || !strings.Contains(err.Error(), "v2.31") {
		t.Errorf("error %v", err)
	}
}

func TestCondition(t *testing.T) {
	for _, tt := range []struct {
		condition            catalog.Condition
		kubernetes, provider string
		want                 bool
	}{
		{catalog.Condition{}, "1.35.7", "aws", true},
		{catalog.Condition{Kubernetes: []string{"1.35"}}, "v1.35.7", "aws", true},
		{catalog.Condition{Kubernetes: []string{"1.35"}}, "1.34.9", "aws", false},
		{catalog.Condition{Except: []string{"1.35"}}, "1.35.7", "aws", false},
		{catalog.Condition{Except: []string{"1.35"}}, "1.37.0", "aws", true},
		{catalog.Condition{Providers: []string{"gce"}}, "1.35.7", "aws", false},
		{catalog.Condition{Providers: []string{"gce"}}, "1.35.7", "gce", true},
	} {
		if got := tt.condition.For(tt.kubernetes, tt.provider); got != tt.want {
			t.Errorf("%+v for Kubernetes %s, %s: %v", tt.condition, tt.kubernetes, tt.provider, got)
		}
	}
}
