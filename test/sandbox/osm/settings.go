// Package osm says what KKP's operating-system-manager (OSM) makes of a datacenter's settings for nodes: the files from
// which containerd learns where images come from. It knows settings and files, and not who runs containerd.
//
// The rules are those of OSM 1.11 (KKP 2.31), in kubermatic/operating-system-manager: pkg/containerruntime/config.go
// (BuildConfig) and pkg/containerruntime/containerd.go (buildRegistryHostConfigs, RegistryHostConfigs).
package osm

import (
	"regexp"
	"strings"
)

// Settings are spec.datacenters.NAME.node of a Seed. KKP hands each of them to OSM as a flag.
type Settings struct {
	HTTPProxy                 string   `json:"httpProxy,omitempty"`
	NoProxy                   string   `json:"noProxy,omitempty"`
	InsecureRegistries        []string `json:"insecureRegistries,omitempty"`
	RegistryMirrors           []string `json:"registryMirrors,omitempty"`
	PauseImage                string   `json:"pauseImage,omitempty"`
	ContainerdRegistryMirrors struct {
		Registries map[string]Mirrors `json:"registries,omitempty"`
	} `json:"containerdRegistryMirrors"`
}

// Mirrors are URLs that containerd asks before the registry itself.
type Mirrors struct {
	Mirrors []string `json:"mirrors"`
}

const (
	dockerHub       = "docker.io"
	dockerHubServer = "https://registry-1.docker.io"
)

// mirrors are the mirrors of each registry, from both settings that can name them.
func (s Settings) mirrors() map[string][]string {
	all := map[string][]string{}
	for registry, mirrors := range s.ContainerdRegistryMirrors.Registries {
		all[registry] = append(all[registry], mirrors.Mirrors...)
	}
	prefixed := regexp.MustCompile(`^([a-zA-Z0-9.-]+)=(.*)`)
	for _, mirror := range s.RegistryMirrors {
		registry := dockerHub
		if parts := prefixed.FindStringSubmatch(mirror); parts != nil {
			registry, mirror = parts[1], parts[2]
		}
		if !strings.HasPrefix(mirror, "http") {
			mirror = "https://" + mirror
		}
		all[registry] = append(all[registry], mirror)
	}

	return all
}
