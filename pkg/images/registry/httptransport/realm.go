package httptransport

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

// tokenPath is the path on a registry that stands for its token server in requests of
// go-containerregistry.
const tokenPath = "/kkp-mirror/token"

// go-containerregistry refuses token servers at private addresses unless they have the
// address and port of the registry, so that a registry on the internet cannot send requests
// into the local network. This also refuses on-premises registries that are addressed by IP
// and whose token server is on another port or a neighboring machine. For a registry at a
// private address, the token server is therefore replaced by a path on the registry, and
// requests to this path are redirected below go-containerregistry.

// ownRealm returns the token server of a challenge, if go-containerregistry would refuse it
// without need, and the challenge with tokenPath instead.
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

// isPrivate reports whether a host is an address that is not routed on the internet.
// Link-local addresses are excluded, because clouds have metadata services there.
func isPrivate(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip.IsLoopback() || ip.IsPrivate()
}

// toRealm returns the request with the address of the token server.
func toRealm(req *http.Request, realm *url.URL) *http.Request {
	req = req.Clone(req.Context())
	req.URL.Scheme, req.URL.Host, req.URL.Path, req.Host = realm.Scheme, realm.Host, realm.Path, realm.Host
	return req
}
