// Package images has the values that the other packages exchange: references, images with the
// reasons why they are needed, the inventory, the plan and the report of a copy, and pure functions
// on these values. It must not do I/O, and must not know Kubernetes or the protocol of registries.
package images

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"
)

// Ref is a normalised image reference. References are compared in this form only,
// so that "alpine" and "docker.io/library/alpine:latest" are one image.
type Ref struct {
	Registry   string // "docker.io", "quay.io", "registry.example.com:5000"
	Repository string // "library/alpine"
	Tag        string // "" if the reference has a digest only
	Digest     string // "sha256:…", "" if the reference has a tag only
}

// ParseRef parses a reference with the rules that KKP, docker and containerd share. A reference
// without tag and digest gets the tag "latest"; a reference with only a digest gets no tag.
func ParseRef(s string) (Ref, error) {
	named, err := reference.ParseNormalizedNamed(strings.TrimSpace(s))
	if err != nil {
		return Ref{}, fmt.Errorf("image reference %q: %w", s, err)
	}
	named = reference.TagNameOnly(named)
	ref := Ref{Registry: reference.Domain(named), Repository: reference.Path(named)}
	if !isAuthority(ref.Registry) {
		return Ref{}, fmt.Errorf("image reference %q: the registry is not a valid host[:port]", s)
	}
	if tagged, ok := named.(reference.Tagged); ok {
		ref.Tag = tagged.Tag()
	}
	if digested, ok := named.(reference.Digested); ok {
		ref.Digest = digested.Digest().String()
		if digested.Digest().Algorithm() != digest.SHA256 {
			return Ref{}, fmt.Errorf("image reference %q: only sha256 digests are supported", s)
		}
	}
	return ref, nil
}

// isAuthority reports whether a registry can be the authority of a URL (RFC 3986): the grammar of
// references also permits [2:1], which is not an IPv6 address, and takes the host of l_r.io/a for a
// part of the path, without a registry.
func isAuthority(registry string) bool {
	address, err := url.Parse("//" + registry)
	return err == nil && registry != "" && address.Host == registry
}

// Name returns registry and repository, without tag and digest.
func (r Ref) Name() string { return r.Registry + "/" + r.Repository }

// String returns the whole reference: registry/repository[:tag][@digest].
func (r Ref) String() string {
	s := r.Name()
	if r.Tag != "" {
		s += ":" + r.Tag
	}
	if r.Digest != "" {
		s += "@" + r.Digest
	}
	return s
}

// IsZero reports whether the reference is unset.
func (r Ref) IsZero() bool { return r == Ref{} }

// Version returns the tag or, without a tag, the digest.
func (r Ref) Version() string {
	if r.Tag != "" {
		return r.Tag
	}
	return r.Digest
}

// MarshalText writes the reference as String does.
func (r Ref) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a reference as ParseRef does.
func (r *Ref) UnmarshalText(text []byte) error {
	ref, err := ParseRef(string(text))
	if err != nil {
		return err
	}
	*r = ref
	return nil
}

// Matches reports whether a pattern of the user matches the reference. A pattern is a whole
// reference, or the last elements of a repository, each with or without tag and digest
// ("dashboard", "kubermatic/dashboard", "quay.io/kubermatic/dashboard:v2.31.0").
func (r Ref) Matches(pattern string) bool {
	base, digest, _ := strings.Cut(strings.TrimSpace(pattern), "@")
	if digest != "" && digest != r.Digest {
		return false
	}
	if i := strings.LastIndex(base, ":"); i > strings.LastIndex(base, "/") { // a tag, not the port of a registry
		if base[i+1:] != r.Tag {
			return false
		}
		base = base[:i]
	}
	return base != "" && strings.HasSuffix("/"+r.Name(), "/"+strings.Trim(base, "/"))
}

// CheckHost returns an error if a text is not the host[:port] of a registry.
func CheckHost(host string) error {
	if host == "" || strings.ContainsAny(host, "/ ,=") {
		return fmt.Errorf("%q is not a registry: write host[:port], without scheme and path", host)
	}
	return nil
}
