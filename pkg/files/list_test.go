package files_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// TestPathOf keeps addresses, or says why not.
func TestPathOf(t *testing.T) {
	for address, want := range map[string]string{
		"https://dl.k8s.io/v1.35.7/bin/linux/amd64/kubelet": "dl.k8s.io/v1.35.7/bin/linux/amd64/kubelet",
		"http://Files.Example.com:8080/a%20b/c":             "files.example.com_8080/a b/c",
		"https://example.com/a?b=c":                         "a query",
		"ftp://example.com/a":                               "not HTTP",
		"https://example.com":                               "cannot be",
		"https://example.com/":                              "cannot be",
		"https://example.com/a/../../b":                     "cannot be",
		"https://example.com/a/%2e%2e/b":                    "cannot be",
		"https://example.com/a//b":                          "cannot be",
		"https://example.com/a%00b":                         "cannot be",
		`https://example.com/a\b`:                           "cannot be",
		"https://../a":                                      "cannot be",
		"https://example.com/" + strings.Repeat("a", 300):   "cannot be",
		"https://example.com/con:":                          "cannot be",
	} {
		got, err := files.PathOf(address)
		if err != nil {
			got = err.Error()
		}
		if got != want && (err == nil || !strings.Contains(got, want)) {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}

// FuzzPathOf never returns a path that leads out of a directory.
func FuzzPathOf(f *testing.F) {
	for _, seed := range []string{"https://dl.k8s.io/a", "https://a/%2e%2e/b", "https://a/b/../c", "http://[::1]:80/x", "https://a/b%5c..%5cc"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		kept, err := files.PathOf(address)
		if err == nil && (strings.Contains("/"+kept+"/", "/../") || strings.HasPrefix(kept, "/") || strings.ContainsAny(kept, "\\\x00")) {
			t.Errorf("%q is kept at %q", address, kept)
		}
	})
}

// TestBuilder puts a list together.
func TestBuilder(t *testing.T) {
	var b files.Builder
	reason := files.Reason{Source: "profiles", Profile: "p", OS: "ubuntu", Kubernetes: []string{"1.35.7"}}
	b.Add("https://example.com/a.sha256", "amd64", reason)
	b.Add("http://example.com/a", "amd64", reason)
	b.Add("https://example.com/a", "arm64", files.Reason{Source: "profiles", Profile: "p", OS: "ubuntu", Kubernetes: []string{"1.35.10", "1.34.9"}})
	b.Add("https://example.com/?q", "arm64", reason)
	b.Install(files.PackageSet{OS: "ubuntu", Manager: "apt", Packages: []string{"b", "a"}, Profiles: []string{"p"}})
	b.Install(files.PackageSet{OS: "ubuntu", Manager: "apt", Packages: []string{"c", "a"}, Profiles: []string{"q"}, Repositories: []string{"https://example.com/deb"}})
	want := files.FileList{
		APIVersion: "kkp-mirror.dev/v1alpha1", Kind: "FileList",
		Items: []files.Item{
			{
				URL: "https://example.com/a", Path: "example.com/a", Checksum: "example.com/a.sha256",
				Reasons: []files.Reason{{Source: "profiles", Profile: "p", OS: "ubuntu", Kubernetes: []string{"1.34.9", "1.35.7", "1.35.10"}}},
			},
			{URL: "https://example.com/a.sha256", Path: "example.com/a.sha256", ChecksumOf: "example.com/a", Architecture: "amd64", Reasons: []files.Reason{reason}},
		},
		Packages: []files.PackageSet{{OS: "ubuntu", Manager: "apt", Packages: []string{"a", "b", "c"}, Repositories: []string{"https://example.com/deb"}, Profiles: []string{"p", "q"}}},
		Gaps:     []images.Gap{{Source: "profiles", Subject: "p", Error: "https://example.com/?q has a query, which a server of files cannot answer"}},
	}
	if diff := cmp.Diff(want, b.List().Document()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
