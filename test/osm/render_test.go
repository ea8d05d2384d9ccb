package osm_test

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	clusterv1alpha1 "k8c.io/machine-controller/sdk/apis/cluster/v1alpha1"
	"k8c.io/operating-system-manager/deploy/osps"
	"k8c.io/operating-system-manager/pkg/containerruntime"
	"k8c.io/operating-system-manager/pkg/controllers/osc/resources"
	"k8c.io/operating-system-manager/pkg/crd/osm/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/rewrite"
)

const (
	apiAddress = "https://user-cluster.example.com:6443"
	kubernetes = "1.34.9"
)

// TestRendering compares what OSM makes of profiles with what this project makes of them: both for
// the default profiles of OSM and for the rewritten ones, the OperatingSystemConfig downloads and
// installs the same as the profile.
func TestRendering(t *testing.T) {
	names, err := osps.FS.ReadDir("default")
	if err != nil || len(names) < 6 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		text, err := osps.FS.ReadFile("default/" + name.Name())
		if err != nil {
			t.Fatal(err)
		}
		original, err := yaml.YAMLToJSON(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, architecture := range files.Architectures() {
			machine := files.Case{Kubernetes: kubernetes, Provider: "aws", Architecture: architecture}
			t.Run(name.Name()+" "+architecture, func(t *testing.T) {
				compare(t, original, machine)
				compare(t, remade(t, original, machine), machine)
			})
		}
	}
}

// remade rewrites a profile.
func remade(t *testing.T, original json.RawMessage, machine files.Case) json.RawMessage {
	t.Helper()
	s := rewrite.Settings{Files: "https://files.example.com/kkp", Packages: "https://packages.example.com/docker", CAs: []string{certificate(t)}}
	made, err := rewrite.Make(t.Context(), files.Trace, original, []files.Case{machine}, s)
	if err != nil {
		t.Fatal(err)
	}
	object, err := made.Object()
	if err != nil {
		t.Fatal(err)
	}
	return object
}

// compare traces a profile, and what OSM renders it into.
func compare(t *testing.T, object json.RawMessage, machine files.Case) {
	t.Helper()
	own, rendered := traced(t, object, machine), traced(t, renderedByOSM(t, object, machine), machine)
	if diff := gocmp.Diff(own, rendered); diff != "" || len(own) < 5 {
		t.Errorf("%d lines (-own +OSM)\n%s", len(own), diff)
	}
}

// traced are the downloads, packages and repositories of a machine.
func traced(t *testing.T, object json.RawMessage, machine files.Case) []string {
	t.Helper()
	answer, err := files.Trace(t.Context(), files.Request{Object: object, Cases: []files.Case{machine}, API: []string{apiAddress}})
	if err != nil {
		t.Fatal(err)
	}
	found := answer.Results[0]
	var all []string
	for _, gap := range slices.Concat(answer.Gaps, found.Gaps) {
		t.Errorf("%s: %s", gap.Where, gap.Text)
	}
	for _, d := range found.Downloads {
		all = append(all, "download "+d.URL)
	}
	for _, p := range found.Packages {
		all = append(all, "package "+p.Manager+" "+p.Name)
	}
	for _, r := range found.Repositories {
		all = append(all, "repository "+cmp.Or(r.Entry, r.URL))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// renderedByOSM returns the OperatingSystemConfig of a MachineDeployment.
func renderedByOSM(t *testing.T, object json.RawMessage, machine files.Case) json.RawMessage {
	t.Helper()
	profile := &v1alpha1.OperatingSystemProfile{}
	if err := json.Unmarshal(object, profile); err != nil {
		t.Fatal(err)
	}
	config, err := resources.GenerateOperatingSystemConfig(machineDeployment(profile, machine), profile, kubeconfig(), "bootstrap-kubeconfig", "token", "config", metav1.NamespaceSystem,
		certificate(t), "", []net.IP{net.IPv4(169, 254, 20, 10)}, "containerd", true, "", "", "", containerruntime.Config{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]any{"kind": "OperatingSystemConfig", "metadata": map[string]any{"name": "config"}, "spec": config.Spec})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func machineDeployment(profile *v1alpha1.OperatingSystemProfile, machine files.Case) *clusterv1alpha1.MachineDeployment {
	d := &clusterv1alpha1.MachineDeployment{ObjectMeta: metav1.ObjectMeta{Name: "md", Namespace: metav1.NamespaceSystem}}
	d.Spec.Template.Spec.Versions.Kubelet = machine.Kubernetes
	d.Spec.Template.Spec.ProviderSpec.Value = &runtime.RawExtension{Raw: fmt.Appendf(nil,
		`{"cloudProvider": %q, "cloudProviderSpec": {"availabilityZone": "a", "vpcId": "v", "subnetID": "s"}, "operatingSystem": %q, "operatingSystemSpec": {}}`, machine.Provider, profile.Spec.OSName)}
	return d
}

func kubeconfig() *clientcmdapi.Config {
	return &clientcmdapi.Config{Clusters: map[string]*clientcmdapi.Cluster{"cluster": {Server: apiAddress}}}
}

// certificate returns a CA certificate in PEM.
func certificate(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))) + "\n"
}
