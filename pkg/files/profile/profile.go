// Package profile reads OperatingSystemProfiles and renders them for a machine, as the
// operating-system-manager (OSM) does: named templates first, then the files that use them.
// It knows the shape of these objects and the data of their templates, but not what the
// scripts in them do. Profiles are not trusted: rendering must be done where it can be
// ended.
package profile

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// API is the address of the user cluster's own API in what is rendered. No name of a real
// host ends in "invalid" (RFC 6761).
const API = "https://user-cluster-api.invalid:6443"

// Object is an OperatingSystemProfile, a CustomOperatingSystemProfile, or an
// OperatingSystemConfig, which is what OSM makes of a profile for one MachineDeployment
// (operating-system-manager pkg/crd/osm/v1alpha1, v1.11.3).
type Object struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Namespace   string            `json:"namespace"`
		Name        string            `json:"name"`
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
	Spec Spec `json:"spec"`
}

// Spec is the specification of a profile or a config.
type Spec struct {
	OSName                  string     `json:"osName"`
	OSVersion               string     `json:"osVersion"`
	Version                 string     `json:"version"`
	SupportedCloudProviders []Provider `json:"supportedCloudProviders"`
	CloudProvider           Provider   `json:"cloudProvider"` // of a config
	BootstrapConfig         Config     `json:"bootstrapConfig"`
	ProvisioningConfig      Config     `json:"provisioningConfig"`
}

// Provider is a cloud provider by OSM's name: "gce".
type Provider struct {
	Name string `json:"name"`
}

// Config is one of the two phases in which a machine is set up.
type Config struct {
	SupportedContainerRuntimes []Runtime         `json:"supportedContainerRuntimes"`
	Templates                  map[string]string `json:"templates"`
	Units                      []Unit            `json:"units"`
	Files                      []File            `json:"files"`
	Modules                    *Modules          `json:"modules"`
}

// Runtime is what a container runtime adds.
type Runtime struct {
	Name      string            `json:"name"`
	Files     []File            `json:"files"`
	Templates map[string]string `json:"templates"`
}

// File is a file of the machine.
type File struct {
	Path    string `json:"path"`
	Content struct {
		Inline *struct {
			Data string `json:"data"`
		} `json:"inline"`
	} `json:"content"`
}

// Data is the text of the file.
func (f File) Data() string {
	if f.Content.Inline == nil {
		return ""
	}
	return f.Content.Inline.Data
}

// Unit is a unit of systemd.
type Unit struct {
	Name    string `json:"name"`
	Enable  bool   `json:"enable"`
	Content string `json:"content"`
	DropIns []struct {
		Name    string `json:"name"`
		Content string `json:"content"`
	} `json:"dropIns"`
}

// Text is the unit with what is dropped in.
func (u Unit) Text() string {
	texts := []string{u.Content}
	for _, d := range u.DropIns {
		texts = append(texts, d.Content)
	}
	return strings.Join(texts, "\n")
}

// Modules are those of cloud-init.
type Modules struct {
	BootCMD  []string                     `json:"bootcmd"`
	RunCMD   []string                     `json:"runcmd"`
	YumRepos map[string]map[string]string `json:"yum_repos"`
}

// Kinds of objects.
const (
	KindProfile = "OperatingSystemProfile"
	KindCustom  = "CustomOperatingSystemProfile"
	KindConfig  = "OperatingSystemConfig"
)

// maxObject bounds an object, in bytes. An API server takes none that is larger.
const maxObject = 3 << 20

// Read reads an object in JSON.
func Read(text []byte) (Object, error) {
	var o Object
	if len(text) > maxObject {
		return o, fmt.Errorf("an object of more than %d MiB", maxObject>>20)
	}
	if err := json.Unmarshal(text, &o); err != nil {
		return o, err
	}
	if !slices.Contains([]string{KindProfile, KindCustom, KindConfig}, o.Kind) {
		return o, fmt.Errorf("a %s is not an operating system profile", o.Kind)
	}
	if o.Spec.OSName == "" {
		return o, errors.New("spec.osName is missing")
	}
	return o, nil
}

// Rendered tells whether the object has no templates any more.
func (o Object) Rendered() bool { return o.Kind == KindConfig }

// Providers are the providers that the object is for, by OSM's names, ordered.
func (o Object) Providers() []string {
	if o.Rendered() {
		return []string{o.Spec.CloudProvider.Name}
	}
	var all []string
	for _, p := range o.Spec.SupportedCloudProviders {
		all = append(all, p.Name)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Source is a text of an object as it is written, with where it is.
type Source struct{ Where, Text string }

// Sources are all texts of an object that become a part of a machine.
func (o Object) Sources() []Source {
	var all []Source
	for _, c := range []Config{o.Spec.BootstrapConfig, o.Spec.ProvisioningConfig} {
		all = append(all, sourcesOf(c.Templates, c.Files)...)
		for _, r := range c.SupportedContainerRuntimes {
			if r.Name == containerd {
				all = append(all, sourcesOf(r.Templates, r.Files)...)
			}
		}
		for _, u := range c.Units {
			all = append(all, Source{u.Name, u.Text()})
		}
		all = append(all, Source{"commands of cloud-init", strings.Join(c.commands(), "\n")})
	}
	return all
}

func sourcesOf(templates map[string]string, files []File) []Source {
	var all []Source
	for _, name := range slices.Sorted(maps.Keys(templates)) {
		all = append(all, Source{"template " + name, templates[name]})
	}
	for _, f := range files {
		all = append(all, Source{f.Path, f.Data()})
	}
	return all
}

func (c Config) commands() []string {
	if c.Modules == nil {
		return nil
	}
	return slices.Concat(c.Modules.BootCMD, c.Modules.RunCMD)
}
