package registry

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/rewrite"
)

// IsNamed reports whether a list of hosts contains a host (host[:port]; no port means 443).
func IsNamed(hosts []string, host string) bool {
	plain := func(host string) string { return rewrite.HostName(strings.TrimSuffix(host, ":443")) }
	return slices.ContainsFunc(hosts, func(named string) bool { return strings.EqualFold(plain(named), plain(host)) })
}

type registryKey struct{}

// forRegistry returns a context for requests that serve the access to one registry, such as
// token requests.
func forRegistry(ctx context.Context, host string) context.Context {
	return context.WithValue(ctx, registryKey{}, host)
}

// concerns reports whether a request belongs to one of the hosts: the request goes to the
// host itself, or to another port of that host on behalf of the registry there, such as a
// token server next to its registry. A token server with another host name must be in the
// list itself.
func concerns(hosts []string, req *http.Request) bool {
	if IsNamed(hosts, req.URL.Host) {
		return true
	}
	registry, _ := req.Context().Value(registryKey{}).(string)
	return registry != "" && IsNamed(hosts, registry) && strings.EqualFold(hostOf(registry), req.URL.Hostname())
}

// hostOf returns a host without its port.
func hostOf(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.Trim(host, "[]")
}

// mayBePlain reports whether plain HTTP is allowed for a host.
func (r *Client) mayBePlain(host string) bool {
	return isLoopback(host) || slices.Contains(r.cfg.PlainHTTP, rewrite.HostName(host))
}

// mayBeClear reports whether a request may send credentials over plain HTTP.
func (r *Client) mayBeClear(req *http.Request) bool {
	return r.mayBePlain(req.URL.Host) || concerns(r.cfg.PlainHTTP, req)
}

// isUnverified reports whether TLS verification is off for the host of a request.
func (r *Client) isUnverified(req *http.Request) bool { return concerns(r.cfg.Insecure, req) }

func isLoopback(host string) bool {
	host = hostOf(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || net.ParseIP(host).IsLoopback()
}
