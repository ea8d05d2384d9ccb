package plugin

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"k8s.io/client-go/rest"
)

// roundTripper is a function that answers requests.
type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// dryRunConfig returns a configuration for an API that sends every change as a dry run.
func dryRunConfig(config *rest.Config) *rest.Config {
	config = rest.CopyConfig(config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			switch req.Method {
			case http.MethodGet, http.MethodHead, http.MethodOptions:
				return next.RoundTrip(req)
			case http.MethodPost, http.MethodPut, http.MethodPatch:
				req = req.Clone(req.Context())
				query := req.URL.Query()
				query.Set("dryRun", "All")
				req.URL.RawQuery = query.Encode()
				return next.RoundTrip(req)
			default: // the options of a deletion are in its body
				return nil, fmt.Errorf("%s %s cannot be sent as a dry run, and was not sent", req.Method, req.URL.Path)
			}
		})
	})
	return config
}

// namespaceConfig returns a configuration for an API for the function lookup of templates: only
// a namespace, its objects, and the kinds of the API can be read. Otherwise a chart of a stranger
// could copy Secrets of other namespaces into its release, with the rights of the user.
func namespaceConfig(config *rest.Config, namespace string) *rest.Config {
	config = rest.CopyConfig(config)
	prefix := basePath(config.Host)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			if req.Method != http.MethodGet || !withinNamespace(strings.TrimPrefix(req.URL.Path, prefix), namespace) {
				return nil, fmt.Errorf("a template looks up %s, which is not in the namespace %s of its release", req.URL.Path, namespace)
			}
			return next.RoundTrip(req)
		})
	})
	return config
}

// basePath returns the path of an API on its server.
func basePath(host string) string {
	if !strings.Contains(host, "://") {
		host = "https://" + host
	}
	parsed, err := url.Parse(host)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(parsed.Path, "/")
}

// withinNamespace reports whether a path belongs to a namespace, to its objects, or to the
// discovery of kinds: /version, /api, /apis/GROUP/VERSION.
func withinNamespace(name, namespace string) bool {
	if path.Clean(name) != strings.TrimSuffix(name, "/") {
		return false
	}
	parts := strings.Split(strings.Trim(name, "/"), "/")
	switch {
	case slices.Equal(parts, []string{"version"}):
		return true
	case parts[0] == "api":
		parts = parts[1:]
	case parts[0] == "apis":
		parts = parts[min(2, len(parts)):]
	default:
		return false
	}
	// VERSION, then namespaces/NAMESPACE and more.
	return len(parts) <= 1 || len(parts) >= 3 && parts[1] == "namespaces" && parts[2] == namespace
}
