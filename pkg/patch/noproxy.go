package patch

import (
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/redact"
)

// nodeLocalDNS is the address of the DNS cache on every node of a user cluster
// (kubermatic pkg/resources, v2.31.0).
const nodeLocalDNS = "169.254.20.10"

// NoProxy returns the addresses that nodes of a datacenter should reach without a proxy: the
// node itself, the DNS cache, the pods and services of the user clusters, KKP's domain, and the
// given registries (host[:port]; the port is dropped).
func NoProxy(inst kkp.Installation, clusters []kkp.Cluster, registries ...string) []string {
	list := []string{"localhost", "127.0.0.1", nodeLocalDNS, ".svc"}
	add := func(entry string) {
		if entry != "" && !slices.Contains(list, entry) {
			list = append(list, entry)
		}
	}
	for _, cluster := range clusters {
		for _, block := range slices.Concat(cluster.PodBlocks, cluster.ServiceBlocks) {
			add(block)
		}
		if cluster.DNSDomain != "" {
			add("." + cluster.DNSDomain)
		}
	}
	if domain := inst.Configuration.Field("spec.ingress.domain"); domain != "" {
		add(domain)
		add("." + domain)
	}
	for _, registry := range registries {
		add(hostname(registry))
	}
	return list
}

// ProxyHosts are registries as a list of what is reached without a proxy has them, for a flag.
func ProxyHosts(registries []string) string {
	hosts := make([]string, 0, len(registries))
	for _, registry := range registries {
		hosts = append(hosts, hostname(registry))
	}
	return strings.Join(hosts, ",")
}

// hostname is a registry without its port.
func hostname(registry string) string {
	if host, _, err := net.SplitHostPort(registry); err == nil {
		return host
	}
	return registry
}

// CheckProxy says what is wrong with the URL of a proxy.
func CheckProxy(text string) error {
	address, err := url.Parse(text)
	if err == nil && address.Scheme == "http" && address.Host != "" {
		return nil
	}
	return &ProxyError{Text: redact.User(text)}
}

// ProxyError is a proxy that nodes cannot use.
type ProxyError struct {
	Text string
}

func (e *ProxyError) Error() string {
	return "\"" + e.Text + "\" is not the URL of an HTTP proxy, such as http://proxy.example.com:3128. Nodes use one proxy for HTTP and HTTPS"
}
