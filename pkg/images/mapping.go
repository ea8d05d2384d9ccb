package images

import (
	"fmt"
	"path"
	"strings"

	"github.com/distribution/reference"
)

// Target is the target of a copy: a registry with an optional prefix, or an archive.
type Target struct {
	Registry string // "registry.example.com:5000"
	Prefix   string // "kkp", "" without a prefix
	Archive  string // "oci:DIR" or "oci-archive:FILE.tar"; the other fields are empty
}

// ParseTarget reads registry[:port][/prefix], oci:DIR or oci-archive:FILE.tar. The registry must be recognisable as
// one (a dot, a port, or localhost), because KKP, containerd and docker would read
// "mirror/kkp" as a repository on Docker Hub. A text that looks like a path is an
// *ArchiveNameError.
func ParseTarget(s string) (Target, error) {
	if scheme, path, _ := strings.Cut(s, ":"); scheme == "oci" || scheme == "oci-archive" {
		if path == "" || strings.HasPrefix(path, "//") {
			return Target{}, fmt.Errorf("target %q: write oci:DIR or oci-archive:FILE.tar", s)
		}
		return Target{Archive: s}, nil
	}
	if archive := archiveMeant(s); archive != "" {
		return Target{}, &ArchiveNameError{Name: s, Archive: archive}
	}
	if scheme, rest, ok := strings.Cut(s, "://"); ok {
		return Target{}, fmt.Errorf("target %q: a registry has no scheme; write %q (and --plain-http %s if it speaks plain HTTP, not %s)",
			s, strings.TrimSuffix(rest, "/"), hostOf(rest), scheme)
	}
	host, prefix, _ := strings.Cut(strings.TrimSuffix(s, "/"), "/")
	if !strings.ContainsAny(host, ".:") && host != "localhost" {
		return Target{}, fmt.Errorf("target %q: %q is not recognisable as a registry; write its port or domain, such as %q", s, host, host+":443")
	}
	named, err := reference.ParseNormalizedNamed(path.Join(host, prefix, "image"))
	if err != nil || reference.Domain(named) != host {
		return Target{}, fmt.Errorf("target %q: not of the form registry[:port][/prefix]; a prefix has lower-case letters, digits, "+
			"and single . _ - between them, and no tag", s)
	}
	return Target{Registry: host, Prefix: prefix}, nil
}

// ArchiveNameError says that a target looks like the path of an archive, without oci-archive: or
// oci: before it.
type ArchiveNameError struct {
	Name    string // as given
	Archive string // the archive that is probably meant
}

func (e *ArchiveNameError) Error() string {
	return fmt.Sprintf("target %q: this looks like a file or a directory, not like a registry; did you mean %s?", e.Name, e.Archive)
}

// archiveMeant returns the archive that a text probably means, or "": a path, the name of a tar
// file, or local://FILE, which kubermatic-installer mirror-images writes. A registry cannot begin
// with a dot or a slash, and no top-level domain is called tar, tgz or gz.
func archiveMeant(s string) string {
	name, local := strings.CutPrefix(s, "local://")
	file := name
	for _, suffix := range []string{".gz", ".tgz", ".tar"} {
		file = strings.TrimSuffix(file, suffix)
	}
	isFile := file != name
	isPath := strings.HasPrefix(name, "/") || strings.HasPrefix(name, "./") || strings.HasPrefix(name, "../") || strings.HasPrefix(name, "~")
	host, _, more := strings.Cut(name, "/")
	switch {
	case local, isFile && (isPath || !more || !strings.ContainsAny(host, ".:")):
		return "oci-archive:" + file + ".tar"
	case isPath:
		return "oci:" + name
	default:
		return ""
	}
}

func hostOf(s string) string {
	host, _, _ := strings.Cut(s, "/")
	return host
}

// String is registry[/prefix], or the archive.
func (t Target) String() string {
	if t.Archive != "" {
		return t.Archive
	}
	if t.Prefix == "" {
		return t.Registry
	}
	return t.Registry + "/" + t.Prefix
}

// Ref returns the target reference of a source reference: the target replaces the host, and path,
// tag and digest stay, as with KKP's overwriteRegistry (kubermatic
// pkg/resources/registry/registry.go, v2.31.0). In an archive, images keep their source reference.
func (t Target) Ref(source Ref) Ref {
	if t.Archive != "" {
		return source
	}
	source.Registry = t.Registry
	if t.Prefix != "" {
		source.Repository = t.Prefix + "/" + source.Repository
	}
	return source
}

// PushTag returns the tag for writing a target: its own tag or, for a reference with only a digest, a
// tag derived from the digest. The tag keeps the manifest from garbage collection. It is not
// "sha256-…", which the OCI distribution specification reserves for referrers.
func (r Ref) PushTag() string {
	if r.Tag != "" {
		return r.Tag
	}
	return "digest-" + strings.TrimPrefix(r.Digest, "sha256:")
}
