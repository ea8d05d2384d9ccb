package patch

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// Containerd returns the settings that let containerd on nodes pull from a mirror first, for
// every given registry host. version is the KKP version, "v2.31.0". A mirror with a path needs
// KKP v2.29 or newer (operating-system-manager v1.8); before v2.30.5 some nodes lose the path
// (operating-system-manager v1.10.7, kubermatic issue 15886), which is a note.
func Containerd(mirror Mirror, hosts []string, version string) (settings NodeSettings, notes []string, err error) {
	endpoint := "https://" + mirror.Registry
	if mirror.PlainHTTP {
		endpoint = "http://" + mirror.Registry
	}
	settings.ContainerdMirrors = map[string][]string{}
	if mirror.PlainHTTP { // for images whose reference names the mirror
		settings.ContainerdMirrors[mirror.Registry] = []string{endpoint}
	}
	if mirror.Prefix != "" {
		if notes, err = pathSupport(mirror, version); err != nil {
			return NodeSettings{}, nil, err
		}
		endpoint += "/v2/" + mirror.Prefix + "?kubermatic=" + url.QueryEscape("override_path=true")
	}
	for _, host := range hosts {
		if host != mirror.Registry {
			settings.ContainerdMirrors[host] = []string{endpoint}
		}
	}
	if mirror.Insecure && !mirror.PlainHTTP {
		// containerd looks a registry's TLS settings up under the name that the image has.
		settings.InsecureRegistries = append([]string{mirror.Registry}, hosts...)
	}
	return settings, notes, nil
}

// pathSupport returns an error if a KKP version does not support mirrors with a path, and a
// note if the version loses paths.
func pathSupport(mirror Mirror, version string) (notes []string, err error) {
	running, err := semver.NewVersion(version)
	if err != nil {
		return nil, fmt.Errorf("KKP version %q: %w", version, err)
	}
	switch {
	case running.LessThan(semver.New(2, 29, 0, "0", "")):
		return nil, fmt.Errorf("KKP %s cannot use %s as a mirror for nodes: a mirror with a path needs KKP v2.29. "+
			"Use a mirror without a path (%s), or upgrade KKP", version, mirror, mirror.Registry)
	case running.LessThan(semver.New(2, 30, 5, "", "")):
		return []string{fmt.Sprintf("KKP %s uses the path of the mirror (%s) only for the first MachineDeployment of each operating-system-manager pod "+
			"(kubermatic issue 15886). Upgrade to KKP v2.30.5", version, mirror)}, nil
	}
	return nil, nil
}

// CheckHosts returns an error for a mirror of all registries (host * or _default) if the KKP
// version is older than v2.30 (operating-system-manager v1.10).
func (s NodeSettings) CheckHosts(version string) error {
	running, err := semver.NewVersion(version)
	if err != nil {
		return fmt.Errorf("KKP version %q: %w", version, err)
	}
	for _, host := range []string{"*", "_default"} {
		if _, ok := s.ContainerdMirrors[host]; ok && running.LessThan(semver.New(2, 30, 0, "0", "")) {
			return fmt.Errorf("KKP %s does not support one mirror for all registries (%s); this needs KKP v2.30. Name each registry", version, host)
		}
	}
	return nil
}

// Hosts returns the registries of the images in an inventory, sorted. Charts do not count:
// nodes do not pull them.
func Hosts(inv images.Inventory) []string {
	var hosts []string
	for _, img := range inv.Images {
		if img.Kind != images.KindChart {
			hosts = append(hosts, img.Ref.Registry)
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// PauseImage returns the upstream name of the image for pod sandboxes: the image that the
// datacenter has now (live), or the newest pause image of the inventory. ok is false if neither
// exists.
func PauseImage(mirror Mirror, inv images.Inventory, live string) (source images.Ref, ok bool) {
	if ref, err := images.ParseRef(live); err == nil && ref.Registry != mirror.Registry {
		return ref, true
	}
	var newest *semver.Version
	for _, img := range inv.Images {
		if img.Ref.Name() != "registry.k8s.io/pause" {
			continue
		}
		if version, err := semver.NewVersion(img.Ref.Tag); err == nil && (newest == nil || version.GreaterThan(newest)) {
			newest, source, ok = version, img.Ref, true
		}
	}
	return source, ok
}

// registryMirror is the syntax of an entry of registryMirrors: URL or HOST for docker.io,
// REGISTRY=URL for another registry (operating-system-manager pkg/containerruntime/config.go).
var registryMirror = regexp.MustCompile(`^([a-zA-Z0-9.-]+=)?(https?://)?[a-zA-Z0-9.-]+(:[0-9]+)?(/[^\s,]*)?$`)

// CheckRegistryMirror returns an error if an entry of registryMirrors is not valid.
func CheckRegistryMirror(mirror string) error {
	if !registryMirror.MatchString(mirror) {
		return fmt.Errorf("%q is not a mirror: write URL or HOST for docker.io, or REGISTRY=URL for another registry (without a port; --containerd-mirror supports ports)", mirror)
	}
	return nil
}

// ParseContainerdMirror parses HOST=URL. HOST * stands for all registries.
func ParseContainerdMirror(text string) (host, mirror string, err error) {
	host, mirror, ok := strings.Cut(text, "=")
	address, err := url.Parse(mirror)
	switch {
	case !ok || host == "" || strings.ContainsAny(host, "/ "):
		return "", "", fmt.Errorf("%q: write HOST=URL, such as docker.io=https://registry.example.com", text)
	case err != nil || (address.Scheme != "http" && address.Scheme != "https") || address.Host == "":
		return "", "", fmt.Errorf("%q: %q is not the URL of a registry, such as https://registry.example.com", text, mirror)
	}
	return host, mirror, nil
}
