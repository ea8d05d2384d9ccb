// Package rewrite implements the registry map: through which registry the images of a host
// are pulled. It only converts names, without I/O.
package rewrite

import (
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

const (
	anyHost     = "*"
	hostPattern = "{host}"
)

// Rule is one rule of the registry map: it pulls the images of one host through another
// registry, such as a pull-through cache.
type Rule struct {
	Host     string // such as "docker.io", or "*" for any host
	Registry string // such as "cache.example.com:5000"
	Prefix   string // such as "hub", or ""; "{host}" stands for the host if Host is "*"
}

// Parse parses HOST=REGISTRY[/PREFIX].
func Parse(s string) (Rule, error) {
	host, target, ok := strings.Cut(s, "=")
	if !ok || host == "" || target == "" {
		return Rule{}, badRule(s, "expected HOST=REGISTRY[/PREFIX], such as docker.io=cache.example.com/docker.io")
	}
	if scheme, rest, ok := strings.Cut(target, "://"); ok {
		return Rule{}, badRule(s, "a registry has no scheme; write %s=%s (and --plain-http if the registry uses plain HTTP, not %s)", host, rest, scheme)
	}
	m := Rule{Host: HostName(host)}
	m.Registry, m.Prefix, _ = strings.Cut(strings.TrimSuffix(target, "/"), "/")
	return m, m.check(s)
}

func badRule(s, format string, args ...any) error {
	return fmt.Errorf("registry map %q: %s", s, fmt.Sprintf(format, args...))
}

func (m Rule) check(s string) error {
	if m.Host != anyHost && !isRegistry(m.Host) {
		return badRule(s, "%q is not a host; write the host as in references, such as docker.io or registry.example.com:5000, or * for any host", m.Host)
	}
	if !isRegistry(m.Registry) {
		return badRule(s, "%q is not a registry; write a domain or a port, such as %s", m.Registry, "cache.example.com or localhost:5000")
	}
	prefix := m.Prefix
	if m.Host == anyHost {
		prefix = strings.ReplaceAll(prefix, hostPattern, "host")
	} else if strings.Contains(prefix, hostPattern) {
		return badRule(s, "%s stands for the host of an image only in a map for *; write %s", hostPattern, m.Host)
	}
	if !isPath(m.Registry, prefix) {
		return badRule(s, "%q is not a repository path; write lower-case letters, digits and ._- between slashes, without a tag", m.Prefix)
	}
	return nil
}

// isRegistry reports whether a name is a registry and cannot be a path.
func isRegistry(host string) bool {
	if !strings.ContainsAny(host, ".:") && host != "localhost" {
		return false
	}
	ref, err := images.ParseRef(host + "/image:v1")
	return err == nil && ref.Registry == host
}

func isPath(registry, prefix string) bool {
	if prefix == "" {
		return true
	}
	ref, err := images.ParseRef(registry + "/" + prefix + "/image:v1")
	return err == nil && ref.Registry == registry && ref.Repository == prefix+"/image"
}

// HostName returns the host name that references use, such as docker.io.
func HostName(host string) string {
	if host == name.DefaultRegistry {
		return "docker.io"
	}
	return host
}

// String returns HOST=REGISTRY[/PREFIX].
func (m Rule) String() string {
	s := m.Host + "=" + m.Registry
	if m.Prefix != "" {
		s += "/" + m.Prefix
	}
	return s
}

// ref returns the reference from which a source reference is pulled.
func (m Rule) ref(source images.Ref) images.Ref {
	prefix := m.Prefix
	if m.Host == anyHost {
		prefix = strings.ReplaceAll(prefix, hostPattern, source.Registry)
	}
	if prefix != "" {
		source.Repository = prefix + "/" + source.Repository
	}
	source.Registry = m.Registry
	return source
}

// Apply returns the reference from which an image is pulled, and whether a rule applies.
// The first rule for the exact host wins; else the first rule for "*".
func Apply(mappings []Rule, source images.Ref) (images.Ref, bool) {
	for _, host := range []string{source.Registry, anyHost} {
		for _, m := range mappings {
			if m.Host == host {
				return m.ref(source), true
			}
		}
	}
	return source, false
}
