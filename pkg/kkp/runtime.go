package kkp

import (
	"encoding/base64"
	"path"
	"strings"

	"github.com/BurntSushi/toml"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// maxRuntimeConfig bounds a configuration file of containerd, in bytes. Larger ones are not read.
const maxRuntimeConfig = 256 << 10

// The files with which operating-system-manager configures containerd: before v1.10 all mirrors in one
// file, since then one file for each registry (pkg/containerruntime/containerd.go, v1.8.1 and v1.11.3).
const (
	containerdConfig = "/etc/containerd/config.toml"
	containerdHosts  = "/etc/containerd/certs.d"
	hostsFile        = "hosts.toml"
)

// RuntimeConfig is what the containerd of a node pulls from, by the node's OperatingSystemConfig.
type RuntimeConfig struct {
	// Mirrors are the URLs that containerd asks, by the host of the reference. The host "_default"
	// stands for all hosts without an entry.
	Mirrors map[string][]string
	Known   bool // the OperatingSystemConfig has a configuration of containerd
}

// MirrorsOf returns the URLs that containerd asks in place of a host, nil if containerd asks the host
// itself.
func (c RuntimeConfig) MirrorsOf(host string) []string {
	urls, own := c.Mirrors[host]
	for _, all := range []string{"_default", "*"} {
		if !own {
			urls, own = c.Mirrors[all]
		}
	}
	var mirrors []string
	for _, url := range urls {
		if !isServerOf(host, url) {
			mirrors = append(mirrors, url)
		}
	}
	return mirrors
}

// isServerOf reports whether a URL is that of a registry itself.
func isServerOf(host, url string) bool {
	_, rest, found := strings.Cut(url, "://")
	if !found {
		rest = url
	}
	server, _, _ := strings.Cut(rest, "/")
	return server == host || host == "docker.io" && server == "registry-1.docker.io"
}

// runtimeConfigOf reads the configuration of containerd in an OperatingSystemConfig.
func runtimeConfigOf(obj *unstructured.Unstructured) RuntimeConfig {
	config := RuntimeConfig{Mirrors: map[string][]string{}}
	for _, phase := range []string{"bootstrapConfig", "provisioningConfig"} {
		files, _, _ := unstructured.NestedSlice(obj.Object, "spec", phase, "files")
		for _, file := range files {
			fields, _ := file.(map[string]any)
			name, _, _ := unstructured.NestedString(fields, "path")
			text, _, _ := unstructured.NestedString(fields, "content", "inline", "data")
			config.add(name, text)
		}
	}
	return config
}

// add adds what a file of a node configures.
func (c *RuntimeConfig) add(name, text string) {
	directory, file := path.Split(name)
	host, ofHost := strings.CutPrefix(path.Clean(directory), containerdHosts+"/")
	if len(text) > maxRuntimeConfig {
		return
	}
	switch {
	case name == containerdConfig:
		var view containerdView
		if !decodeTOML(text, &view) {
			return
		}
		c.Known = true
		for _, plugin := range view.Plugins {
			for host, mirror := range plugin.Registry.Mirrors {
				c.Mirrors[host] = append(c.Mirrors[host], mirror.Endpoint...)
			}
		}
	case ofHost && file == hostsFile:
		var view hostsView
		if !decodeTOML(text, &view) {
			return
		}
		c.Known = true
		c.Mirrors[host] = nil
		for url := range view.Host {
			c.Mirrors[host] = append(c.Mirrors[host], url)
		}
	}
}

// containerdView is the part of a config.toml that is read.
type containerdView struct {
	Plugins map[string]struct {
		Registry struct {
			Mirrors map[string]struct {
				Endpoint []string `toml:"endpoint"`
			} `toml:"mirrors"`
		} `toml:"registry"`
	} `toml:"plugins"`
}

// hostsView is the part of a hosts.toml that is read.
type hostsView struct {
	Host map[string]struct{} `toml:"host"`
}

// decodeTOML decodes a text, which profiles can also write in base64.
func decodeTOML(text string, into any) bool {
	if decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text)); err == nil && text != "" {
		text = string(decoded)
	}
	_, err := toml.Decode(text, into)
	return err == nil
}
