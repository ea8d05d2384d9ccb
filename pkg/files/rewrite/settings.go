// Package rewrite makes operating system profiles whose machines download from a mirror, and
// proves that they do. It knows how addresses, package repositories and certificates are
// written in profiles. It traces through a function that it is given, reads nothing itself, and
// must not know where profiles are stored.
package rewrite

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/address"
)

// PackagesHost is the host of the packages of containerd, with which KKP's profiles install
// containerd on Ubuntu, RHEL and Rocky Linux.
const PackagesHost = "download.docker.com"

// Settings say where nodes download from. Each setting alone makes sense.
type Settings struct {
	// Files is the URL of the mirror of files, "" if files stay where they are. The mirror has
	// a file at URL/HOST/PATH.
	Files string
	// Packages is the URL of a copy or proxy of https://download.docker.com, "" if nodes ask
	// this host.
	Packages string
	// CAs are certificates that nodes trust, in PEM, one each.
	CAs []string
}

// maxCAs and maxCAFile bound certificates: cloud providers limit the size of user data, such as
// AWS to 16 KiB.
const (
	maxCAs    = 4
	maxCAFile = 64 << 10
)

// ParseURL reads the URL of a mirror. A URL is written into scripts, so only characters without
// a meaning for shells and templates are accepted.
func ParseURL(text string) (string, error) {
	parsed, err := url.Parse(text)
	switch {
	case err != nil:
		return "", err
	case parsed.Scheme != "https" && parsed.Scheme != "http" || parsed.Hostname() == "":
		return "", fmt.Errorf("%q is no HTTP URL: write https://HOST[/PATH]", text)
	case parsed.User != nil || parsed.RawQuery != "" || parsed.Fragment != "":
		return "", fmt.Errorf("%q: the URL must have neither credentials nor a query nor a fragment", parsed.Redacted())
	case address.IsLocal(text):
		return "", fmt.Errorf("%q: nodes cannot reach an address of this machine", text)
	case !regexp.MustCompile(`^[A-Za-z0-9.:/_~%\[\]-]+$`).MatchString(text):
		return "", fmt.Errorf("%q: the URL has characters that scripts of nodes cannot use literally", text)
	}
	return strings.TrimRight(text, "/"), nil
}

// ParseCAs reads the certificates of a PEM file.
func ParseCAs(text []byte) ([]string, error) {
	if len(text) > maxCAFile {
		return nil, fmt.Errorf("the file has more than %d KiB", maxCAFile>>10)
	}
	var all []string
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		text = rest
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("the file has a %s: nodes must get certificates only", block.Type)
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return nil, err
		}
		all = append(all, string(pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes})))
	}
	switch {
	case len(all) == 0:
		return nil, errors.New("the file has no certificate in PEM format")
	case len(all) > maxCAs:
		return nil, fmt.Errorf("the file has %d certificates: %d at most, because cloud providers limit the size of user data", len(all), maxCAs)
	}
	return all, nil
}

// Empty reports whether the settings change nothing.
func (s Settings) Empty() bool { return s.Files == "" && s.Packages == "" && len(s.CAs) == 0 }

// mirrored returns the address from which nodes download an address, which is the address
// itself if the settings have no mirror for it.
func (s Settings) mirrored(address string) string {
	if rest, ok := packagesPath(address); ok && s.Packages != "" {
		return s.Packages + rest
	}
	if s.Files == "" {
		return address
	}
	path, err := files.PathOf(address)
	if err != nil {
		return address
	}
	return s.Files + "/" + path
}

// packagesPath returns the path of an address of PackagesHost.
func packagesPath(address string) (string, bool) {
	parsed, err := url.Parse(address)
	if err != nil || !strings.EqualFold(parsed.Host, PackagesHost) {
		return "", false
	}
	_, rest, _ := strings.Cut(address, "://")
	_, path, found := strings.Cut(rest, "/")
	if !found {
		return "", true
	}
	return "/" + path, true
}
