package httptransport

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

// tokenPath stands for the token server of a registry in requests to that registry.
const tokenPath = "/kkp-mirror/token"

// go-containerregistry refuses token servers at private addresses, unless they have
// the address and the port of the registry, so that a registry on the internet cannot
// make it send requests into the local network. On-premises registries that have no
// name are refused, too, if another port of the same or a neighboring machine hands
// out the tokens. For registries that are at a private address themselves, a request
// to the token server is therefore made out as one to the registry, and redirected
// below.

// ownRealm returns where a challenge says that tokens are, if that is refused without
// need, and the challenge with tokenPath in its place.
func ownRealm(registry, scheme, header string) (*url.URL, string) {
	asked := parseChallenge(header)
	realm, err := url.Parse(asked.parameters["realm"])
	if err != nil || realm.Host == registry || !isPrivate(registry) || !isPrivate(realm.Host) || (realm.Scheme != "https" && realm.Scheme != scheme) {
		return nil, header
	}
	stand := url.URL{Scheme: scheme, Host: registry, Path: tokenPath, RawQuery: realm.RawQuery}
	asked.parameters["realm"] = stand.String()
	return realm, asked.String()
}

// isPrivate tells whether a host is an address that is not routed on the internet.
// Link-local addresses do not count: services of clouds live there.
func isPrivate(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip.IsLoopback() || ip.IsPrivate()
}

// toRealm returns the request as one to the token server.
func toRealm(req *http.Request, realm *url.URL) *http.Request {
	req = req.Clone(req.Context())
	req.URL.Scheme, req.URL.Host, req.URL.Path, req.Host = realm.Scheme, realm.Host, realm.Path, realm.Host
	return req
}
