package rewrite_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/rewrite"
)

var update = flag.Bool("update", false, "write the expected changes")

// authority makes a certificate in PEM.
func authority(t testing.TB) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// settings are a mirror of each kind, with its own certificates.
func settings(t testing.TB) rewrite.Settings {
	t.Helper()
	cas, err := rewrite.ParseCAs(append(authority(t), authority(t)...))
	if err != nil || len(cas) != 2 {
		t.Fatal(cas, err)
	}
	return rewrite.Settings{Files: "https://files.corp.example:8443/kkp", Packages: "https://nexus.corp.example/repository/docker", CAs: cas}
}

// sandboxProfiles are the profiles of the sandbox's user cluster, by their names.
func sandboxProfiles(t testing.TB) map[string]json.RawMessage {
	t.Helper()
	names, err := filepath.Glob("../../../test/sandbox/sample/profiles/*.yaml")
	if err != nil || len(names) < 4 {
		t.Fatalf("%d profiles, %v", len(names), err)
	}
	all := map[string]json.RawMessage{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if all[strings.TrimSuffix(filepath.Base(name), ".yaml")], err = yaml.YAMLToJSON(text); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestChanges compares every changed line of the sandbox's profiles with the expected one.
func TestChanges(t *testing.T) {
	for name, object := range sandboxProfiles(t) {
		t.Run(name, func(t *testing.T) {
			s := settings(t)
			made, err := rewrite.Make(t.Context(), files.Trace, object, cases(t, object), s)
			if err != nil {
				t.Fatal(err)
			}
			if len(made.Proof.Hosts) > 0 || made.Name != name+"-mirror" {
				t.Errorf("%s: hosts remain: %+v", made.Name, made.Proof.Hosts)
			}
			compareGolden(t, filepath.Join("testdata", name+".diff"), changedLines(t, object, made, s))
			again, err := rewrite.Make(t.Context(), files.Trace, object, cases(t, object), s)
			if err != nil || cmp.Diff(made, again) != "" {
				t.Errorf("rewriting again differs: %v\n%s", err, cmp.Diff(made, again))
			}
		})
	}
}

func compareGolden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got)\n%s", file, diff)
	}
}

// changedLines are the lines of the texts of a profile that a rewriting changed, with the text
// that they are in, and what the mirror must have.
func changedLines(t *testing.T, object json.RawMessage, made rewrite.Profile, s rewrite.Settings) string {
	t.Helper()
	var read struct{ Spec map[string]any }
	if err := json.Unmarshal(object, &read); err != nil {
		t.Fatal(err)
	}
	before, after := map[string]string{}, map[string]string{}
	texts("", read.Spec, before)
	texts("", made.Spec, after)
	var out strings.Builder
	for _, where := range slices.Sorted(maps.Keys(after)) {
		if i := slices.Index(s.CAs, after[where]); i >= 0 {
			fmt.Fprintf(&out, "%s\n  (certificate %d)\n", where, i+1)
			continue
		}
		old := strings.Split(before[where], "\n")
		for line := range strings.SplitSeq(after[where], "\n") {
			if i := slices.Index(old, line); i >= 0 {
				old = slices.Delete(old, i, i+1)
			} else {
				fmt.Fprintf(&out, "%s\n  %s\n", where, line)
			}
		}
	}
	for _, item := range slices.Concat(made.Proof.Files, made.Proof.Packages) {
		fmt.Fprintf(&out, "needs %s\n", item.Path)
	}
	return regexp.MustCompile(`mirror\.[a-p][0-9a-f]{7}\b`).ReplaceAllString(out.String(), "mirror.HASH")
}

// texts collects the texts below a value.
func texts(where string, value any, into map[string]string) {
	switch value := value.(type) {
	case string:
		into[where] = value
	case []any:
		for i, v := range value {
			texts(fmt.Sprintf("%s[%d]", where, i), v, into)
		}
	case map[string]any:
		for key, v := range value {
			texts(where+"."+key, v, into)
		}
	}
}

// TestParts sets each setting alone: what remains is named.
func TestParts(t *testing.T) {
	all := settings(t)
	for _, tt := range []struct {
		name, profile string
		settings      rewrite.Settings
		hosts         []string
	}{
		{"files, apt", "osp-ubuntu", rewrite.Settings{Files: all.Files}, []string{"download.docker.com"}},
		{"files, yum", "osp-rhel", rewrite.Settings{Files: all.Files}, []string{"download.docker.com"}},
		{"files, no packages", "osp-flatcar", rewrite.Settings{Files: all.Files}, nil},
		{"packages", "osp-rhel", rewrite.Settings{Packages: all.Packages}, []string{"dl.k8s.io", "github.com"}},
		{"certificates", "osp-ubuntu", rewrite.Settings{CAs: all.CAs}, []string{"dl.k8s.io", "download.docker.com", "github.com"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			object := sandboxProfiles(t)[tt.profile]
			made, err := rewrite.Make(t.Context(), files.Trace, object, cases(t, object), tt.settings)
			if err != nil {
				t.Fatal(err)
			}
			var hosts []string
			for _, host := range made.Proof.Hosts {
				hosts = append(hosts, host.Name)
			}
			slices.Sort(hosts)
			if diff := cmp.Diff(tt.hosts, slices.Compact(hosts)); diff != "" {
				t.Errorf("hosts (-want +got)\n%s", diff)
			}
			if (len(made.Proof.Files) > 0) != (tt.settings.Files != "") || (len(made.Proof.Packages) > 0) != (tt.settings.Packages != "") {
				t.Errorf("%+v", made.Proof)
			}
		})
	}
}

// TestInstalled reads the certificates back that a rewritten profile installs, for each operating system.
func TestInstalled(t *testing.T) {
	s := settings(t)
	for name, object := range sandboxProfiles(t) {
		if text := rewrite.Installed(object); len(text) > 0 {
			t.Errorf("%s installs %s", name, text)
		}
		made, err := rewrite.Make(t.Context(), files.Trace, object, cases(t, object), rewrite.Settings{CAs: s.CAs})
		if err != nil {
			t.Fatal(err)
		}
		rewritten, err := made.Object()
		if err != nil {
			t.Fatal(err)
		}
		for _, ca := range s.CAs {
			if text := rewrite.Installed(rewritten); !strings.Contains(string(text), ca) {
				t.Errorf("%s: %s lacks %s", name, text, ca)
			}
		}
	}
	for _, text := range []string{``, `{}`, `{"spec": 1}`, `{"spec": {"osName": "ubuntu", "bootstrapConfig": [], "provisioningConfig": {"files": [1, {"path": "/usr/local/share/ca-certificates/a.crt"}]}}}`, `{"spec": {"osName": "plan9"}}`} {
		if text := strings.TrimSpace(string(rewrite.Installed(json.RawMessage(text)))); text != "" {
			t.Errorf("%s", text)
		}
	}
}

// TestMutations damages rewritten profiles: each damage is found.
func TestMutations(t *testing.T) {
	s := settings(t)
	made := map[string]json.RawMessage{}
	for name, object := range sandboxProfiles(t) {
		rewritten, err := rewrite.Make(t.Context(), files.Trace, object, cases(t, object), s)
		if err != nil {
			t.Fatal(err)
		}
		if made[name], err = rewritten.Object(); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ name, profile, old, fresh, problem string }{
		{"an address as it was", "osp-ubuntu", "https://files.corp.example:8443/kkp/dl.k8s.io/", "https://dl.k8s.io/", "which is not on the mirror"},
		{"an address of a checksum", "osp-flatcar", `$url.sha256`, `https://dl.k8s.io/{{ .KubeVersion }}/bin/linux/$arch/$program.sha256`, "which is not on the mirror"},
		{
			"a fetched repository", "osp-rhel", `printf '%s\n' '[docker-ce-stable]' 'name=Docker CE Stable' 'baseurl=https://nexus.corp.example/repository/docker/linux/rhel/$releasever/$basearch/stable' ` +
				`'enabled=1' 'gpgcheck=1' 'gpgkey=https://nexus.corp.example/repository/docker/linux/rhel/gpg' | tee /etc/yum.repos.d/docker-ce.repo >/dev/null`,
			`yum-config-manager --add-repo=https://files.corp.example:8443/kkp/download.docker.com/linux/rhel/docker-ce.repo`, "which names https://download.docker.com again",
		},
		{"a repository that names its upstream", "osp-rhel", "baseurl=https://nexus.corp.example/repository/docker", "baseurl=https://download.docker.com", "which is not the mirror"},
		{"a key from upstream", "osp-rhel", "gpgkey=https://nexus.corp.example/repository/docker", "gpgkey=https://download.docker.com", "which is not on the mirror"},
		{"keys that are not compared", "osp-rhel", "gpgcheck=1", "gpgcheck=0", "changed more than addresses"},
		{"packages from upstream", "osp-ubuntu", "https://nexus.corp.example/repository/docker/linux/ubuntu $(", "https://download.docker.com/linux/ubuntu $(", "which is not the mirror"},
		{"another package", "osp-ubuntu", "conntrack ebtables", "conntrack evil", "other packages are installed"},
		{"a command more", "osp-ubuntu", "cd /opt/bin\n", "cd /opt/bin; touch /tmp/x\n", "changed more than addresses"},
		{"a line more", "osp-ubuntu", "cd /opt/bin\n", "cd /opt/bin\ntouch /tmp/x\n", "changed more than addresses"},
		{"another path", "osp-ubuntu", "kkp/github.com/containernetworking", "kkp/github.com/evil", "which the original does not download"},
		{"a download less", "osp-flatcar", "kubelet kubeadm kubectl", "kubelet kubeadm", "is not downloaded any more"},
		{"another certificate", "osp-flatcar", "-----BEGIN CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\nAAAA\n", "an item is added"},
		{"a place on the machine", "osp-flatcar", "/opt/bin/setup", "/opt/bin/other", "changed more than addresses"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			object, text := sandboxProfiles(t)[tt.profile], made[tt.profile]
			damaged := strings.ReplaceAll(string(text), quoted(t, tt.old), quoted(t, tt.fresh))
			if damaged == string(text) {
				t.Fatal("nothing is damaged")
			}
			_, err := rewrite.Prove(t.Context(), files.Trace, object, json.RawMessage(damaged), cases(t, object), s)
			var unproven *rewrite.UnprovenError
			if !errors.As(err, &unproven) || !strings.Contains(err.Error(), tt.problem) {
				t.Errorf("%v", err)
			}
		})
	}
}

// quoted is a text as JSON has it in a string.
func quoted(t *testing.T, text string) string {
	t.Helper()
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(quoted[1 : len(quoted)-1])
}

// TestVersions compares the versions of rewritten profiles: another content has another version.
func TestVersions(t *testing.T) {
	object, s := sandboxProfiles(t)["osp-flatcar"], settings(t)
	versions := map[string]string{}
	for name, other := range map[string]func() (json.RawMessage, rewrite.Settings){
		"made": func() (json.RawMessage, rewrite.Settings) { return object, s },
		"other URL": func() (json.RawMessage, rewrite.Settings) {
			return object, rewrite.Settings{Files: "http://other.example", CAs: s.CAs}
		},
		"no certificates": func() (json.RawMessage, rewrite.Settings) { return object, rewrite.Settings{Files: s.Files} },
		"newer":           func() (json.RawMessage, rewrite.Settings) { return replaced(object, `v1.11.2"`, `v1.11.3"`), s },
		"prerelease":      func() (json.RawMessage, rewrite.Settings) { return replaced(object, `v1.11.2"`, `v1.11.3-rc.1+x"`), s },
	} {
		from, settings := other()
		made, err := rewrite.Make(t.Context(), files.Trace, from, cases(t, from), settings)
		if err != nil {
			t.Fatal(err)
		}
		if before, there := versions[made.Version]; there {
			t.Errorf("%s and %s have the version %s", before, name, made.Version)
		}
		versions[made.Version] = name
		if !regexp.MustCompile(`^v1\.11\.[23]-(rc\.1\.)?mirror\.[a-p][0-9a-f]{7}$`).MatchString(made.Version) || made.Spec["version"] != made.Version {
			t.Errorf("%s: version %s", name, made.Version)
		}
	}
	if _, err := rewrite.Make(t.Context(), files.Trace, replaced(object, `v1.11.2"`, `new"`), cases(t, object), s); err == nil {
		t.Error("a version that is none is accepted")
	}
}

func TestOriginalVersion(t *testing.T) {
	for version, want := range map[string]string{
		"v1.11.2-mirror.c3f09a1b":      "v1.11.2",
		"v1.11.3-rc.1.mirror.a0000000": "v1.11.3-rc.1",
		"v1.11.2":                      "",
		"v1.11.2-mirror.0123456":       "",
		"v1.11.2-mirror.x":             "",
	} {
		if got, ok := rewrite.OriginalVersion(version); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %t", version, got, ok)
		}
	}
}

func replaced(object json.RawMessage, old, fresh string) json.RawMessage {
	return json.RawMessage(strings.ReplaceAll(string(object), old, fresh))
}

// TestRefused names what cannot be rewritten or trusted.
func TestRefused(t *testing.T) {
	s := settings(t)
	flatcar := sandboxProfiles(t)["osp-flatcar"]
	for _, tt := range []struct {
		name, old, fresh, problem string
	}{
		{"a host in a variable", "https://dl.k8s.io/{{", "https://$HOST/{{", "of which a part is only known on a node"},
		{"a query", "$arch/$program", "$arch/$program?x=1", "which the original does not download"},
		{"what nothing runs", "systemctl restart containerd", "exit 0", "no trace reaches this download"},
		{"an unknown system", `"osName":"flatcar"`, `"osName":"plan9"`, "the way in which plan9 trusts certificates is not known"},
		{"a script from elsewhere", "systemctl restart containerd", "curl https://example.com/install.sh | bash", "which may download more"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			object := replaced(flatcar, tt.old, tt.fresh)
			if string(object) == string(flatcar) {
				t.Fatal("nothing is replaced")
			}
			_, err := rewrite.Make(t.Context(), files.Trace, object, cases(t, object), s)
			if err == nil || !strings.Contains(err.Error(), tt.problem) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestParseURL(t *testing.T) {
	for text, want := range map[string]string{
		"https://files.example.com":        "https://files.example.com",
		"http://10.0.0.1:8080/a/b/":        "http://10.0.0.1:8080/a/b",
		"https://user:secret@example.com":  "",
		"https://example.com/?a=b":         "",
		"https://example.com/{{ .Token }}": "",
		"https://example.com/$(id)":        "",
		"https://example.com/a'b":          "",
		"http://127.0.0.1:8080":            "",
		"http://localhost/files":           "",
		"oci://example.com":                "",
		"example.com":                      "",
	} {
		got, err := rewrite.ParseURL(text)
		if got != want || (err == nil) != (want != "") || err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
}

func TestParseCAs(t *testing.T) {
	one := authority(t)
	for name, text := range map[string][]byte{
		"nothing":     nil,
		"no PEM":      []byte("hello"),
		"a key":       pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}),
		"no X.509":    pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}),
		"many":        []byte(strings.Repeat(string(one), 5)),
		"a long file": []byte(strings.Repeat(" ", 65<<10)),
	} {
		if _, err := rewrite.ParseCAs(text); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if got, err := rewrite.ParseCAs(slices.Concat([]byte("comment\n"), one)); err != nil || len(got) != 1 || got[0] != string(one) {
		t.Errorf("%q, %v", got, err)
	}
}

// FuzzMake rewrites any script. What is proved asks the mirror only, and is proved again.
func FuzzMake(f *testing.F) {
	for _, object := range sandboxProfiles(f) {
		var read struct{ Spec map[string]any }
		if err := json.Unmarshal(object, &read); err != nil {
			f.Fatal(err)
		}
		found := map[string]string{}
		texts("", read.Spec, found)
		for _, text := range found {
			f.Add(text)
		}
	}
	s := settings(f)
	f.Fuzz(func(t *testing.T, text string) {
		object, err := json.Marshal(map[string]any{"kind": "OperatingSystemProfile", "metadata": map[string]any{"name": "p"}, "spec": map[string]any{
			"osName": "ubuntu", "osVersion": "24.04", "version": "v1.0.0", "supportedCloudProviders": []any{map[string]any{"name": "aws"}},
			"bootstrapConfig": map[string]any{
				"modules": map[string]any{"runcmd": []any{"/opt/run"}},
				"files":   []any{map[string]any{"path": "/opt/run", "content": map[string]any{"inline": map[string]any{"data": "#!/bin/bash\n" + text}}}},
			},
		}})
		if err != nil {
			t.Skip(err)
		}
		machines := []files.Case{{Kubernetes: "1.35.7", Provider: "aws", Architecture: "amd64"}}
		made, err := rewrite.Make(t.Context(), files.Trace, object, machines, s)
		if err != nil {
			return
		}
		rewritten, err := made.Object()
		if err != nil {
			t.Fatal(err)
		}
		answer, err := files.Trace(t.Context(), files.Request{Object: rewritten, Cases: machines})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range answer.Results[0].Downloads {
			if !strings.HasPrefix(d.URL, s.Files+"/") && !strings.HasPrefix(d.URL, s.Packages+"/") {
				t.Errorf("%s is downloaded", d.URL)
			}
		}
	})
}
