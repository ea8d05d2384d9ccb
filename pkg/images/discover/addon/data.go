package addon

import (
	"encoding/json"
	"fmt"
	"strings"
)

// data is the data of a template. The exported names and types are KKP's contract with the authors
// of addons (kubermatic pkg/addon/types.go, v2.31.0). Values that differ between clusters are
// methods that ask a question. All other values are fixed and mostly empty, because images do not
// depend on them.
type data struct {
	SeedName       string
	DatacenterName string
	Cluster        cluster
	Credentials    credentials
	Variables      map[string]any
}

type cluster struct {
	Type, Name, HumanReadableName, Namespace, OwnerName, OwnerEmail string
	Labels, Annotations                                             map[string]string
	Kubeconfig                                                      string
	Address                                                         address
	Network                                                         network
	CSI                                                             csi
	MLA                                                             mla
	KubeVirtInfraStorageClasses, KubeVirtInfraVolumeSnapshotClasses []any

	trace *trace
}

type address struct {
	URL                                        string
	Port                                       int32
	ExternalName, InternalName, AdminToken, IP string
	APIServerExternalAddress                   string
}

type csi struct {
	StoragePolicy, StorageContainer, Fstype string
	SsSegmentedIscsiNetwork                 *bool
	StorageProfile, Filesystem              string
	CinderTopologyEnabled                   bool
	OverwriteRegistry                       string
}

func newData(t *trace, variables map[string]any) *data {
	if variables == nil {
		variables = map[string]any{}
	}
	return &data{
		DatacenterName: "datacenter", Variables: variables,
		Cluster: cluster{
			Type: "kubernetes", Name: "cluster", HumanReadableName: "cluster", Namespace: "cluster-cluster",
			Labels: map[string]string{}, Annotations: map[string]string{},
			Address: address{URL: "https://192.0.2.1:6443", Port: 6443, IP: "192.0.2.1", ExternalName: "cluster.example.com"},
			Network: newNetwork(t), MLA: mla{t}, trace: t,
		},
	}
}

// CloudProviderName is the provider: "aws".
func (c cluster) CloudProviderName() string { return c.trace.value(aboutProvider) }

// Version is the Kubernetes version.
func (c cluster) Version() version { return version{c.trace} }

// MajorMinorVersion is the Kubernetes minor: "1.34".
func (c cluster) MajorMinorVersion() string {
	return version{c.trace}.ask("minor", func(v semantic) string { return fmt.Sprintf("%d.%d", v.Major(), v.Minor()) })
}

// Features are the feature gates of the cluster.
func (c cluster) Features() features { return features{c.trace} }

// CNIPlugin is the CNI.
func (c cluster) CNIPlugin() cni { return cni{c.trace} }

// CSIMigration reports whether volumes are migrated from a driver in Kubernetes' code.
func (c cluster) CSIMigration() bool { return c.trace.is("CSIMigration") }

// DisableCSIDriver reports whether the CSI driver of the cluster is disabled.
func (c cluster) DisableCSIDriver() bool { return c.trace.is("DisableCSIDriver") }

// MarshalJSON is for templates that convert the whole cluster.
func (c cluster) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{
		"Type": c.Type, "Name": c.Name, "Namespace": c.Namespace, "CloudProviderName": c.CloudProviderName(),
		"Version": c.Version().String(), "MajorMinorVersion": c.MajorMinorVersion(),
		"CNIPlugin": map[string]string{"Type": c.CNIPlugin().Type(), "Version": c.CNIPlugin().Version()},
	})
}

// String is for templates that print the whole cluster.
func (c cluster) String() string {
	text, err := c.MarshalJSON()
	if err != nil {
		return c.Name
	}
	return string(text)
}

type features struct{ trace *trace }

// Has reports whether a feature gate is set.
func (f features) Has(feature string) bool { return f.trace.is(feature) }

type cni struct{ trace *trace }

// Type is "canal", "cilium" or "none".
func (c cni) Type() string {
	return c.trace.ask(question{aboutCNI, "type", func(value string) string { typ, _, _ := strings.Cut(value, " "); return typ }})
}

// Version is the version as KKP writes it: "v3.31" for Canal, "1.18.2" for Cilium.
func (c cni) Version() string {
	return c.trace.ask(question{aboutCNI, "version", func(value string) string { _, version, _ := strings.Cut(value, " "); return version }})
}

// String is for templates that print the whole CNI.
func (c cni) String() string { return "{" + c.Type() + " " + c.Version() + "}" }

type mla struct{ trace *trace }

// MonitoringEnabled reports whether the cluster sends metrics to the Seed.
func (m mla) MonitoringEnabled() bool { return m.trace.is("MonitoringEnabled") }

// LoggingEnabled reports whether the cluster sends logs to the Seed.
func (m mla) LoggingEnabled() bool { return m.trace.is("LoggingEnabled") }
