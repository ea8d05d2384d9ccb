package addon

import (
	"crypto/sha256"
	"encoding/hex"
)

type network struct {
	DNSDomain, DNSClusterIP, DNSResolverIP     string
	ServiceCIDRBlocks                          []string
	ProxyMode                                  string
	StrictArp                                  *bool
	PodCIDRIPv4                                string
	NodeCIDRMaskSizeIPv4, NodeCIDRMaskSizeIPv6 int32
	NodePortRange                              string

	trace *trace
}

func newNetwork(t *trace) network {
	return network{
		DNSDomain: "cluster.local", DNSClusterIP: "10.240.16.10", DNSResolverIP: "169.254.20.10",
		ServiceCIDRBlocks: []string{"10.240.16.0/20"}, ProxyMode: "ipvs", PodCIDRIPv4: "172.25.0.0/16",
		NodeCIDRMaskSizeIPv4: 24, NodeCIDRMaskSizeIPv6: 64, NodePortRange: "30000-32767", trace: t,
	}
}

// DualStack reports whether the cluster has IPv4 and IPv6.
func (n network) DualStack() bool { return n.trace.is("DualStack") }

// PodCIDRIPv6 is the range of the pods' IPv6 addresses.
func (n network) PodCIDRIPv6() string {
	if n.DualStack() {
		return "fd01::/48"
	}
	return ""
}

// PodCIDRBlocks are the ranges of the pods' addresses.
func (n network) PodCIDRBlocks() []string {
	if n.DualStack() {
		return []string{n.PodCIDRIPv4, n.PodCIDRIPv6()}
	}
	return []string{n.PodCIDRIPv4}
}

// ConfigHash identifies the configuration of the network.
func (n network) ConfigHash() string {
	sum := sha256.Sum256([]byte(n.PodCIDRIPv4 + n.PodCIDRIPv6()))
	return hex.EncodeToString(sum[:20])
}

// ipamAllocation is a range of addresses that KKP has allocated for the cluster.
type ipamAllocation struct {
	Type, CIDR string
	Addresses  []string
}

// IPAMAllocations are the allocations by name of the pool: those that KKP's addons use, or none.
func (n network) IPAMAllocations() map[string]ipamAllocation {
	if !n.trace.is("IPAMAllocations") {
		return map[string]ipamAllocation{}
	}
	return map[string]ipamAllocation{
		"metallb":      {Type: "range", Addresses: []string{"192.0.2.10-192.0.2.20"}},
		"metallb-ipv4": {Type: "prefix", CIDR: "192.0.2.0/28"},
		"metallb-ipv6": {Type: "prefix", CIDR: "2001:db8::/124"},
	}
}

// credentials are the credentials of the cluster's provider. All fields exist, and all are empty.
type credentials struct {
	AWS          struct{ AccessKeyID, SecretAccessKey, AssumeRoleARN, AssumeRoleExternalID string }
	Azure        struct{ TenantID, SubscriptionID, ClientID, ClientSecret string }
	Baremetal    struct{ Tinkerbell struct{ Kubeconfig string } }
	Digitalocean struct{ Token string }
	GCP          struct{ ServiceAccount string }
	Hetzner      struct{ Token string }
	Openstack    struct {
		Username, Password, Project, ProjectID, Domain, ApplicationCredentialID, ApplicationCredentialSecret, Token string
	}
	Packet              struct{ APIKey, ProjectID string } // until KKP 2.28
	Kubevirt            struct{ KubeConfig string }
	VSphere             struct{ Username, Password string }
	Alibaba             struct{ AccessKeyID, AccessKeySecret string }
	Anexia              struct{ Token string }
	Nutanix             struct{ Username, Password, CSIUsername, CSIPassword, ProxyURL string }
	VMwareCloudDirector struct{ Username, Password, APIToken, Organization, VDC string }
}
