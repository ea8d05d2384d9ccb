package files_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/harness"
)

// TestDefaultProfiles traces the default profiles of each KKP minor, and compares what was
// found with another reading of the same files. The data of KKP has these, in
// osps/MINOR.
func TestDefaultProfiles(t *testing.T) {
	for _, name := range harness.DataFiles(t, "osps/*/*.yaml") {
		t.Run(filepath.Base(filepath.Dir(name))+" "+filepath.Base(name), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, kubernetes := range []string{"1.30.2", "1.33.12", "1.35.7", "1.37.0"} {
				compareDefault(t, string(text), kubernetes)
			}
		})
	}
}

func compareDefault(t *testing.T, text, kubernetes string) {
	t.Helper()
	var cases []files.Case
	for _, architecture := range files.Architectures() {
		cases = append(cases, files.Case{Kubernetes: kubernetes, Provider: "openstack", Architecture: architecture})
	}
	answer := traceText(t, text, cases...)
	if len(answer.Gaps) > 0 {
		t.Errorf("gaps: %+v", answer.Gaps)
	}
	for i, found := range answer.Results {
		if diff := cmp.Diff(readDownloads(t, text, kubernetes, cases[i].Architecture), addressesOf(found)); diff != "" {
			t.Errorf("Kubernetes %s, %s (-read +traced):\n%s", kubernetes, cases[i].Architecture, diff)
		}
		if diff := cmp.Diff(readPackages(text), packagesOf(found)); diff != "" {
			t.Errorf("packages (-read +traced):\n%s", diff)
		}
		if len(found.Gaps) > 0 {
			t.Errorf("gaps: %+v", found.Gaps)
		}
	}
}

func traceText(t *testing.T, text string, cases ...files.Case) files.Answer {
	t.Helper()
	object, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := files.Trace(t.Context(), files.Request{Object: object, Cases: cases})
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func addressesOf(found trace.Found) []string {
	var all []string
	for _, d := range found.Downloads {
		all = append(all, d.URL)
	}
	return all
}

func packagesOf(found trace.Found) []string {
	var all []string
	for _, p := range found.Packages {
		all = append(all, p.Name)
	}
	slices.Sort(all)
	return all
}

// readDownloads reads a default profile by its form, without running anything: versions
// stand in assignments, and addresses have the form that all these profiles share.
func readDownloads(t *testing.T, text, kubernetes, architecture string) []string {
	t.Helper()
	cni := only(t, text, `CNI_VERSION="\$\{CNI_VERSION:-(v[0-9.]+)\}"`)
	minor := kubernetes[:strings.LastIndex(kubernetes, ".")]
	crictl := ""
	for _, choice := range regexp.MustCompile(`semverCompare "~([0-9.]+)\.0" \.KubeVersion \}\}\s+CRI_TOOLS_RELEASE="(v[0-9.]+)"`).FindAllStringSubmatch(text, -1) {
		if choice[1] == minor {
			crictl = choice[2]
		}
	}
	if crictl == "" {
		crictl = only(t, text, `Fallback to the latest version \*/\}\}\s+CRI_TOOLS_RELEASE="(v[0-9.]+)"`)
	}
	var want []string
	for _, address := range []string{
		fmt.Sprintf("https://github.com/containernetworking/plugins/releases/download/%s/cni-plugins-linux-%s-%s.tgz", cni, architecture, cni),
		fmt.Sprintf("https://github.com/kubernetes-sigs/cri-tools/releases/download/%s/crictl-%s-linux-%s.tar.gz", crictl, crictl, architecture),
		fmt.Sprintf("https://dl.k8s.io/v%s/bin/linux/%s/kubelet", kubernetes, architecture),
		fmt.Sprintf("https://dl.k8s.io/v%s/bin/linux/%s/kubeadm", kubernetes, architecture),
		fmt.Sprintf("https://dl.k8s.io/v%s/bin/linux/%s/kubectl", kubernetes, architecture),
	} {
		want = append(want, address, address+".sha256")
	}
	if strings.Contains(text, "https://download.docker.com/linux/$(lsb_release -si") {
		want = append(want, "https://download.docker.com/linux/ubuntu/gpg")
	}
	if repo := regexp.MustCompile(`--add-repo=(\S+)`).FindStringSubmatch(text); repo != nil {
		want = append(want, repo[1])
	}
	slices.Sort(want)
	return want
}

func only(t *testing.T, text, pattern string) string {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("the profile has nothing like %s", pattern)
	}
	return found[1]
}

// readPackages reads what is installed for all providers: the words after "install -y" up
// to the end of the line, and of those that it goes on in, without what is between {{ if }}
// and {{ end }}.
func readPackages(text string) []string {
	text = regexp.MustCompile(`(?s)\{\{-? if [^}]*CloudProviderName[^}]*\}\}.*?\{\{-? end \}\}\n`).ReplaceAllString(text, "")
	text = regexp.MustCompile(`\\\n`).ReplaceAllString(text, " ")
	var all []string
	for _, line := range regexp.MustCompile(`(?m)^[^#\n]*(?:apt|apt-get|yum) [^\n]*\binstall -y (.*)$`).FindAllStringSubmatch(text, -1) {
		words := strings.Fields(line[1])
		for i, word := range words {
			if strings.HasPrefix(word, "-") || i > 0 && words[i-1] == "-o" {
				continue
			}
			all = append(all, word)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
