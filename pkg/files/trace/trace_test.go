package trace_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace"
)

// TestRun traces a machine with one unit, for both architectures.
func TestRun(t *testing.T) {
	for architecture, name := range map[string]string{"amd64": "x86_64", "arm64": "aarch64"} {
		found := trace.Run(t.Context(), trace.System{
			OS: "ubuntu", OSVersion: "24.04", Architecture: architecture, API: []string{"https://api.example.com:6443"},
			Units: []trace.Unit{{Name: "a.service", Enabled: true, Content: "[Service]\nExecStart=/bin/bash /opt/a"}},
			Files: []trace.File{{Path: "/opt/a", Content: "#!/bin/sh\ncurl https://example.com/$(uname -m)\nwget https://api.example.com:6443/x\n. /etc/os-release\napt install $ID-$VERSION_CODENAME"}},
		})
		want := trace.Found{
			Downloads: []trace.Download{{URL: "https://example.com/" + name, Where: "/opt/a:2"}},
			Packages:  []trace.Package{{Name: "ubuntu-noble", Manager: "apt", Where: "/opt/a:5"}},
			Calls: []trace.Call{
				{File: "/opt/a", Line: 2, Text: "curl https://example.com/$(uname -m)", Reached: true},
				{File: "/opt/a", Line: 3, Text: "wget https://api.example.com:6443/x", Reached: true},
				{File: "/opt/a", Line: 5, Text: "apt install $ID-$VERSION_CODENAME", Reached: true},
			},
		}
		found.Looked = nil
		if diff := cmp.Diff(want, found); diff != "" {
			t.Errorf("%s (-want +got)\n%s", architecture, diff)
		}
	}
}
