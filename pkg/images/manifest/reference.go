package manifest

import (
	"strings"

	"github.com/distribution/reference"
)

// written is a parsed reference.
type written struct {
	host        bool   // the reference has a registry
	registry    string // "docker.io" without one
	path        string
	tag, digest string
}

// parse parses a reference with the rules that KKP, docker and containerd share.
func parse(s string) (written, bool) {
	if s == "" || len(s) > 512 || strings.ContainsAny(s, " \t\n{}$<>\"'`\\|;,()[]*=&?%!~^") || strings.Contains(s, "//") {
		return written{}, false
	}
	named, err := reference.ParseNormalizedNamed(s)
	if err != nil {
		return written{}, false
	}
	first, _, slash := strings.Cut(s, "/")
	w := written{
		registry: reference.Domain(named), path: reference.Path(named),
		host: slash && (strings.ContainsAny(first, ".:") || first == "localhost"),
	}
	if tagged, ok := named.(reference.Tagged); ok {
		w.tag = tagged.Tag()
	}
	if digested, ok := named.(reference.Digested); ok {
		w.digest = digested.Digest().String()
	}
	return w, true
}

// isLikely reports whether a text is a reference, where one is expected.
func isLikely(s string) bool {
	w, ok := parse(s)
	return ok && w.isLikely()
}

// isLikely: it selects a version, or at least names a registry. Names of files and disks
// in clouds look like names of images, too.
func (w written) isLikely() bool {
	switch {
	case isAPIVersion(w.path), strings.Trim(w.path, "0123456789/") == "" || strings.TrimPrefix(w.path, "library/") == "localhost":
		return false
	case w.tag != "" || w.digest != "":
		return true
	default:
		return w.host && !isFile(w.path)
	}
}

// isCertain reports whether a text is a reference in a place for any text: it has a registry, which
// is not one of the known other hosts, and a version in a form that only references have.
func isCertain(s string) bool {
	if !strings.Contains(s, "/") || !strings.Contains(s, ":") {
		return false
	}
	w, ok := parse(s)
	if !ok || !w.host || !w.isLikely() || isElsewhere(w.registry) {
		return false
	}
	return w.digest != "" || isVersion(w.tag)
}

// isVersion distinguishes tags from other text after a colon, such as effects of taints, kinds and
// verbs.
func isVersion(tag string) bool {
	switch tag {
	case "latest", "stable", "main", "master", "edge", "nightly":
		return true
	}
	return strings.ContainsAny(tag, "0123456789")
}

// isElsewhere reports whether a host has other repositories than of images, or is a service.
func isElsewhere(host string) bool {
	name, _, _ := strings.Cut(host, ":")
	switch name {
	case "github.com", "gitlab.com", "bitbucket.org", "golang.org", "gopkg.in":
		return true
	}
	return strings.HasSuffix(name, ".svc") || strings.HasSuffix(name, ".cluster.local")
}

// isAPIVersion reports whether a path is the version of an API group: "v1beta1" in
// "monitoring.coreos.com/v1beta1:prometheuses".
func isAPIVersion(path string) bool {
	rest, ok := strings.CutPrefix(path, "v")
	if !ok || rest == "" {
		return false
	}
	rest = strings.TrimLeft(rest, "0123456789")
	if len(rest) == len(path)-1 {
		return false
	}
	for _, stage := range []string{"alpha", "beta"} {
		if number, ok := strings.CutPrefix(rest, stage); ok {
			rest = strings.TrimLeft(number, "0123456789")
		}
	}
	return rest == ""
}

// isFile reports whether a path is the name of an image file or of a disk.
func isFile(path string) bool {
	for _, extension := range []string{".png", ".svg", ".jpg", ".jpeg", ".gif", ".ico", ".webp", ".iso", ".img", ".qcow2", ".raw", ".vmdk", ".ova", ".gz", ".xz"} {
		if strings.HasSuffix(path, extension) {
			return true
		}
	}
	return false
}

// isHost reports whether a text without a slash is the name of a host, not of a repository.
func isHost(s string) bool {
	return !strings.Contains(s, "/") && (strings.ContainsAny(s, ".:") || s == "localhost")
}
