package rewrite_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/profile"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/rewrite"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace"
)

// Machine is what the process in the namespaces is given.
type Machine struct {
	Files    []trace.File // of the profile
	Served   []string     // HOST/PATH on the mirror
	Cert     []byte       // of the mirror, PEM
	Key      []byte
	OS       string
	Expected []string // that must be there in the end
}

// Ran is what became of it.
type Ran struct {
	Failed   string   // the script that failed, with the end of its output
	Lookups  []string // names that are no name of the mirror
	Requests []string // HOST/PATH
	Missing  []string // of Expected
}

// TestMain is also the first process in the namespaces.
func TestMain(m *testing.M) {
	if dir := os.Getenv("KKP_MIRROR_MACHINE"); dir != "" {
		os.Exit(runMachine(dir))
	}
	os.Exit(m.Run())
}

// TestExecuted runs the scripts of profiles with bash, in namespaces whose only network is the
// mirror. With the original they fail, with the rewritten profile they do not.
func TestExecuted(t *testing.T) {
	requireMachines(t)
	for name, object := range sandboxProfiles(t) {
		t.Run(name, func(t *testing.T) { executeBoth(t, object) })
	}
}

// TestExecutedDefaults does the same with the default profiles of each KKP minor.
func TestExecutedDefaults(t *testing.T) {
	requireMachines(t)
	forDefaultProfiles(t, executeBoth)
}

// TestExecutedMutations runs rewritten profiles with a damage: each fails.
func TestExecutedMutations(t *testing.T) {
	requireMachines(t)
	for _, tt := range []struct{ name, profile, old, fresh string }{
		{"an address as it was", "osp-flatcar", "https://files.corp.example/kkp/dl.k8s.io", "https://dl.k8s.io"},
		{"a repository that names its upstream", "osp-rhel", "baseurl=https://nexus.corp.example/docker", "baseurl=https://download.docker.com"},
		{
			"a fetched repository", "osp-rhel", `printf '%s\\n' '[docker-ce-stable]'`,
			`yum-config-manager --add-repo=https://files.corp.example/kkp/download.docker.com/linux/rhel/docker-ce.repo; printf '%s\\n' '[docker-ce-stable]'`,
		},
		{"certificates that nothing trusts", "osp-flatcar", "; then update-ca-certificates; fi", "; then true; fi"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			object := sandboxProfiles(t)[tt.profile]
			m, rewritten := machineOf(t, object)
			damaged := bytes.ReplaceAll(rewritten, []byte(tt.old), []byte(tt.fresh))
			if bytes.Equal(damaged, rewritten) {
				t.Fatal("nothing is damaged")
			}
			m.Files = render(t, damaged)
			m.Served = append(m.Served, "files.corp.example/kkp/download.docker.com/linux/rhel/docker-ce.repo")
			if ran := execute(t, m); ran.Failed == "" || len(ran.Lookups) == 0 && tt.profile != "osp-flatcar" {
				t.Errorf("nothing failed: %+v", ran)
			}
		})
	}
}

func requireMachines(t *testing.T) {
	t.Helper()
	why := ""
	if os.Getuid() != 0 {
		why = "scripts of nodes are run in namespaces, which needs root"
	}
	for _, program := range []string{"bash", "curl", "wget", "sha256sum", "tar"} {
		if _, err := exec.LookPath(program); err != nil {
			why = "scripts of nodes need " + program
		}
	}
	if why != "" && os.Getenv("KKP_MIRROR_REQUIRE_NODES") != "" {
		t.Fatal(why)
	}
	if why != "" {
		t.Skip(why)
	}
}

// executeBoth runs both forms of a profile.
func executeBoth(t *testing.T, object json.RawMessage) {
	t.Helper()
	m, rewritten := machineOf(t, object)
	m.Files = render(t, rewritten)
	ran := execute(t, m)
	if ran.Failed != "" || len(ran.Lookups)+len(ran.Missing) > 0 || len(ran.Requests) == 0 {
		t.Errorf("rewritten: %+v", ran)
	}
	m.Files = render(t, object)
	if ran := execute(t, m); ran.Failed == "" || len(ran.Lookups) == 0 {
		t.Errorf("original: %+v", ran)
	}
}

// machineOf rewrites a profile for a mirror with its own CA, and prepares this mirror.
func machineOf(t *testing.T, object json.RawMessage) (m Machine, rewritten json.RawMessage) {
	t.Helper()
	ca, cert, key := certificates(t)
	s := rewrite.Settings{Files: "https://files.corp.example/kkp", Packages: "https://nexus.corp.example/docker", CAs: []string{string(ca)}}
	made, err := rewrite.Make(t.Context(), files.Trace, object, machineCases(t, object), s)
	if err != nil {
		t.Fatal(err)
	}
	if rewritten, err = made.Object(); err != nil {
		t.Fatal(err)
	}
	m = Machine{Cert: cert, Key: key, OS: made.OS, Expected: []string{"/opt/bin/kubelet"}}
	for _, item := range made.Proof.Files {
		m.Served = append(m.Served, "files.corp.example/kkp/"+item.Path)
	}
	for _, item := range made.Proof.Packages {
		m.Served = append(m.Served, "nexus.corp.example/docker/"+item.Path)
	}
	return m, rewritten
}

// machineCases are machines of this architecture.
func machineCases(t *testing.T, object json.RawMessage) []files.Case {
	t.Helper()
	var all []files.Case
	for _, c := range cases(t, object) {
		if c.Architecture == runtime.GOARCH {
			all = append(all, c)
		}
	}
	return all
}

// render renders a profile for this machine.
func render(t *testing.T, object json.RawMessage) []trace.File {
	t.Helper()
	o, err := profile.Read(object)
	if err != nil {
		t.Fatal(err)
	}
	c := machineCases(t, object)[0]
	system, err := profile.NewRenderer(o).Render(c.Kubernetes, c.Provider)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range system.Units {
		system.Files = append(system.Files, trace.File{Path: "/etc/systemd/system/" + u.Name, Content: u.Content})
	}
	return system.Files
}

// certificates makes a CA, and a certificate of it for the names of the mirror.
func certificates(t *testing.T) (ca, cert, key []byte) {
	t.Helper()
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		Subject: pkixName("mirror CA"),
	}
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, &signer.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"files.corp.example", "nexus.corp.example"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, Subject: pkixName("mirror"),
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, root, &signer.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(signer)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	return encode("CERTIFICATE", rootDER), encode("CERTIFICATE", leafDER), encode("EC PRIVATE KEY", keyDER)
}

// execute runs the scripts of a machine in namespaces.
func execute(t *testing.T, m Machine) Ran {
	t.Helper()
	dir := t.TempDir()
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "machine.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = []string{"KKP_MIRROR_MACHINE=" + dir, "PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS, Pdeathsig: syscall.SIGKILL,
	}
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	result, err := os.ReadFile(filepath.Join(dir, "ran.json"))
	if err != nil {
		t.Fatal(err)
	}
	var ran Ran
	if err := json.Unmarshal(result, &ran); err != nil {
		t.Fatal(err)
	}
	ran.Failed = strings.TrimSpace(ran.Failed)
	return ran
}
