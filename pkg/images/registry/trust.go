package registry

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/rewrite"
)

// IsNamed tells whether a host is one of a list (host[:port]; no port stands for 443).
func IsNamed(hosts []string, host string) bool {
	plain := func(host string) string { return rewrite.HostName(strings.TrimSuffix(host, ":443")) }
	return slices.ContainsFunc(hosts, func(named string) bool { return strings.EqualFold(plain(named), plain(host)) })
}

type registryKey struct{}

// forRegistry returns a context whose requests are made to use a registry.
func forRegistry(ctx context.Context, host string) context.Context {
	return context.WithValue(ctx, registryKey{}, host)
}

// concerns tells whether a request concerns one of some hosts: it is sent to that host, or
// to another port of it because the registry there says so, as one does whose tokens are
// handed out next to it. A token server of another name has to be named itself.
func concerns(hosts []string, req *http.Request) bool {
	if IsNamed(hosts, req.URL.Host) {
		return true
	}
	registry, _ := req.Context().Value(registryKey{}).(string)
	return registry != "" && IsNamed(hosts, registry) && strings.EqualFold(hostOf(registry), req.URL.Hostname())
}

// hostOf is a host without its port.
func hostOf(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.Trim(host, "[]")
}

// mayBePlain tells whether a host may speak plain HTTP.
func (r *Client) mayBePlain(host string) bool {
	return isLoopback(host) || slices.Contains(r.cfg.PlainHTTP, rewrite.HostName(host))
}

// mayBeClear tells whether a request may carry credentials over plain HTTP.
func (r *Client) mayBeClear(req *http.Request) bool {
	return r.mayBePlain(req.URL.Host) || concerns(r.cfg.PlainHTTP, req)
}

// isUnverified tells whether the certificate of the host of a request does not count.
func (r *Client) isUnverified(req *http.Request) bool { return concerns(r.cfg.Insecure, req) }

func isLoopback(host string) bool {
	host = hostOf(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || net.ParseIP(host).IsLoopback()
}
