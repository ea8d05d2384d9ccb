package profile

import (
	"bytes"
	"encoding/json"
	"strings"
	"text/template"

	"github.com/BurntSushi/toml"
	"github.com/Masterminds/sprig/v3"
	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/templates"
)

// data is what templates get. Its names and types are OSM's contract with the authors of
// profiles (operating-system-manager pkg/controllers/osc/resources, v1.11.3). What differs
// between machines of one cluster, and credentials, are placeholders: no download depends
// on them.
type data struct {
	KubeVersion                string // "v1.35.7"
	KubeletConfiguration       string
	KubeletSystemdUnit         string
	BootstrapKubeconfig        string
	InTreeCCMAvailable         bool
	CNIVersion                 string
	ClusterDNSIPs              []string
	KubernetesCACert           string
	HostCACert                 string
	ServerAddress              string
	CloudConfig                string
	ContainerRuntime           string
	CloudProviderName          string
	NetworkConfig              *network
	ExternalCloudProvider      bool
	InitialTaints              string
	HTTPProxy                  *string
	NoProxy                    *string
	ContainerRuntimeConfig     string
	ContainerRuntimeAuthConfig string
	KubeletFeatureGates        map[string]bool
	RHSubscription             map[string]string
	NetworkIPFamily            string
	PauseImage                 string

	KubeReserved                *map[string]string
	SystemReserved              *map[string]string
	EvictionHard                *map[string]string
	MaxPods                     *int32
	ContainerLogMaxSize         *string
	ContainerLogMaxFiles        *string
	ImageGCHighThresholdPercent *int32
	ImageGCLowThresholdPercent  *int32
	ImageMinimumGCAge           *string
	ImageMaximumGCAge           *string

	AmazonLinuxConfig upgrade
	FlatcarConfig     flatcar
	RhelConfig        rhel
	UbuntuConfig      upgrade
	RockyLinuxConfig  upgrade

	Token                         string
	ServerURL                     string
	SecretName                    string
	BootstrapKubeconfigSecretName string
}

// network is the network of a machine with a fixed address.
type network struct {
	CIDR, Gateway string
	DNS           struct{ Servers []string }
}

// upgrade is what most operating systems can be told.
type upgrade struct{ DistUpgradeOnBoot bool }

// flatcar is what Flatcar can be told.
type flatcar struct {
	DisableAutoUpdate, DisableLocksmithD, DisableUpdateEngine bool
	ProvisioningUtility                                       string
}

// rhel is what Red Hat Enterprise Linux can be told.
type rhel struct {
	upgrade
	RHELSubscriptionManagerUser, RHELSubscriptionManagerPassword, RHSMOfflineToken string
	AttachSubscription, RHELUseSatelliteServer                                     bool
	RHELSatelliteServer, RHELOrganizationName, RHELActivationKey                   string
}

// newData is the data for a Kubernetes version and a provider. KKP's clusters have external
// cloud providers, and containerd.
func newData(kubernetes, provider string) *data {
	return &data{
		KubeVersion: "v" + strings.TrimPrefix(kubernetes, "v"), CloudProviderName: provider, ContainerRuntime: containerd, ExternalCloudProvider: true,
		NetworkIPFamily: "IPv4", ClusterDNSIPs: []string{"169.254.20.10"}, Token: "token", ServerURL: API, ServerAddress: API,
		SecretName: "machine-deployment-kube-system-provisioning-config", BootstrapKubeconfigSecretName: "machine-deployment-kube-system-bootstrap-config",
	}
}

// functions are those of templates: sprig's, where they do not look at this machine, and
// OSM's own (operating-system-manager pkg/util/funcmap, v1.11.3).
func functions() template.FuncMap {
	all := sprig.TxtFuncMap()
	for name, function := range templates.Tamed() {
		all[name] = function
	}
	all["toYaml"] = func(v any) string {
		text, err := yaml.Marshal(v)
		if err != nil {
			return ""
		}
		return strings.TrimSuffix(string(text), "\n")
	}
	all["toToml"] = func(v any) string {
		var text bytes.Buffer
		if err := toml.NewEncoder(&text).Encode(v); err != nil {
			return err.Error()
		}
		return text.String()
	}
	all["toJson"] = func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		return string(text)
	}
	reads(all, "Yaml", func(text string, into any) error { return yaml.Unmarshal([]byte(text), into) })
	reads(all, "Json", func(text string, into any) error { return json.Unmarshal([]byte(text), into) })
	all["fromToml"] = func(text string) map[string]any {
		m := map[string]any{}
		if err := toml.Unmarshal([]byte(text), &m); err != nil {
			m["Error"] = err.Error()
		}
		return m
	}
	return all
}

// reads adds the functions that read a format. What is wrong is in the result, as
// templates expect.
func reads(all template.FuncMap, format string, read func(string, any) error) {
	all["from"+format] = func(text string) map[string]any {
		m := map[string]any{}
		if err := read(text, &m); err != nil {
			m["Error"] = err.Error()
		}
		return m
	}
	all["from"+format+"Array"] = func(text string) []any {
		list := []any{}
		if err := read(text, &list); err != nil {
			list = []any{err.Error()}
		}
		return list
	}
}
