package httptransport

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// Dial returns a dial function that refuses link-local addresses (169.254.0.0/16,
// fe80::/10), after name resolution. Clouds provide secrets of a machine at these
// addresses, and clusters and registries choose the addresses of charts, token servers and
// blobs. Hosts (host[:port]) that the user has named, and proxies of the environment, are
// allowed.
func Dial(named func(host string) bool) func(ctx context.Context, network, address string) (net.Conn, error) {
	free := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	kept := *free
	kept.Control = func(_, address string, _ syscall.RawConn) error { return refuseLinkLocal(address) }
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		isNamed := err == nil && (named(address) || (port == "80" || port == "443") && named(host))
		if isNamed || isProxy(address) {
			return free.DialContext(ctx, network, address)
		}
		return kept.DialContext(ctx, network, address)
	}
}

// refuseLinkLocal checks a resolved address.
func refuseLinkLocal(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !at.Addr().Unmap().IsLinkLocalUnicast() {
		return nil //nolint:nilerr // other kinds of sockets have other addresses
	}
	return &failure.RejectedError{
		As:     images.ClassPolicy,
		Msg:    fmt.Sprintf("%s is a link-local address, where clouds serve secrets of this machine: connections to it are refused", at.Addr()),
		Advice: "if it is the address of a registry, name the host in --plain-http, --insecure or --registry-map",
	}
}

// isProxy reports whether an address is that of a proxy of the environment.
func isProxy(address string) bool {
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"} {
		_, proxy, ok := strings.Cut(os.Getenv(name), "://")
		if !ok {
			proxy = os.Getenv(name)
		}
		proxy, _, _ = strings.Cut(proxy[strings.LastIndex(proxy, "@")+1:], "/")
		if proxy == address {
			return true
		}
	}
	return false
}
