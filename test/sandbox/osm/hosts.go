package osm

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Hosts returns the content of each hosts.toml below containerd's certs.d, by the name of its directory.
func (s Settings) Hosts() map[string]string {
	registries := s.mirrors()
	if _, ok := registries[dockerHub]; !ok {
		registries[dockerHub] = []string{dockerHubServer} // OSM always writes one for Docker Hub
	}
	for _, registry := range s.InsecureRegistries {
		if _, ok := registries[registry]; !ok {
			registries[registry] = nil
		}
	}

	files := map[string]string{}
	for registry, mirrors := range registries {
		directory, server := place(registry)
		insecure := slices.Contains(s.InsecureRegistries, registry)
		if len(mirrors) == 0 && insecure {
			mirrors = []string{server}
		}
		if len(mirrors) > 0 {
			files[directory] = hostsFile(server, mirrors, insecure)
		}
	}

	return files
}

// place is the directory of a registry in certs.d, and the server to which containerd turns when no mirror has an image.
func place(registry string) (directory, server string) {
	directory, _, _ = strings.Cut(registry, "/")
	switch directory {
	case dockerHub:
		return directory, dockerHubServer
	case "*", "_default":
		return "_default", ""
	default:
		return directory, registry
	}
}

// hostsFile is the text of a hosts.toml. OSM's encoder sorts the mirrors, and containerd asks them in the order of the file.
func hostsFile(server string, mirrors []string, insecure bool) string {
	hosts := map[string]bool{} // whether the URL has the whole path
	for _, mirror := range mirrors {
		address, whole := endpoint(mirror)
		hosts[address] = whole
	}
	var text strings.Builder
	if server != "" {
		fmt.Fprintf(&text, "server = %q\n", server)
	}
	for _, address := range slices.Sorted(maps.Keys(hosts)) {
		fmt.Fprintf(&text, "[host.%q]\ncapabilities = [\"pull\", \"resolve\"]\n", address)
		if insecure {
			text.WriteString("skip_verify = true\n")
		}
		if hosts[address] {
			text.WriteString("override_path = true\n")
		}
	}

	return text.String()
}

// endpoint parts a mirror's URL from what it tells OSM: ?kubermatic=override_path%3Dtrue means that the URL has the whole
// path, to which containerd must not add /v2.
func endpoint(mirror string) (address string, whole bool) {
	parsed, err := url.Parse(mirror)
	if err != nil || !parsed.Query().Has("kubermatic") {
		return mirror, false
	}
	query := parsed.Query()
	if told, err := url.ParseQuery(query.Get("kubermatic")); err == nil {
		whole, _ = strconv.ParseBool(told.Get("override_path"))
	}
	query.Del("kubermatic")
	parsed.RawQuery = query.Encode()

	return parsed.String(), whole
}
