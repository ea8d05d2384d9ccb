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

// Containerd works out how the nodes of user clusters pull from a mirror whatever
// registry an image names. version is that of KKP, "v2.31.0", and decides whether a mirror
// may have a path: KKP can tell containerd so since v2.29 (operating-system-manager v1.8),
// and does it reliably since v2.30.5 (v1.10.7, kubermatic issue 15886).
func Containerd(mirror Mirror, hosts []string, version string) (settings NodeSettings, notes []string, err error) {
	endpoint := "https://" + mirror.Registry
	if mirror.PlainHTTP {
		endpoint = "http://" + mirror.Registry
	}
	settings.ContainerdMirrors = map[string][]string{}
	if mirror.PlainHTTP { // what is pulled from the mirror by its own name
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

// pathSupport tells whether a KKP version knows mirrors with a path.
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

// CheckHosts says which mirrors a KKP version does not know: those of any registry, before
// v2.30 (operating-system-manager v1.10).
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

// Hosts are the registries that images come from, ordered.
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

// PauseImage is the image of the pod sandboxes in the mirror: a copy of the one that is set,
// or of the newest that an installation needs. ok is false if there is none.
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

// registryMirror is what KKP understands in registryMirrors: a URL or a host, or one of
// another registry than docker.io (operating-system-manager pkg/containerruntime/config.go).
var registryMirror = regexp.MustCompile(`^([a-zA-Z0-9.-]+=)?(https?://)?[a-zA-Z0-9.-]+(:[0-9]+)?(/[^\s,]*)?$`)

// CheckRegistryMirror says what is wrong with an entry of registryMirrors.
func CheckRegistryMirror(mirror string) error {
	if !registryMirror.MatchString(mirror) {
		return fmt.Errorf("%q is not a mirror: write URL or HOST for docker.io, or REGISTRY=URL for another registry (without a port; --containerd-mirror supports ports)", mirror)
	}
	return nil
}

// ParseContainerdMirror reads HOST=URL; HOST may be * for any registry.
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
