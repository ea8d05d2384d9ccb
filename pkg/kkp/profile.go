package kkp

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// osmGroup is the API group of the operating-system-manager (OSM).
const osmGroup = "operatingsystemmanager.k8c.io"

// Kinds of OSM. OSM renders a profile into a config for each MachineDeployment; KKP copies
// a custom profile from the namespace of KKP on a Seed into each user cluster.
const (
	KindProfile       = "OperatingSystemProfile"
	KindCustomProfile = "CustomOperatingSystemProfile"
	KindSystemConfig  = "OperatingSystemConfig"
)

// ProfileAnnotation names the profile of a MachineDeployment.
const ProfileAnnotation = "k8c.io/operating-system-profile"

// Profile is an object of one of these kinds.
type Profile struct {
	Kind      string
	Namespace string
	Name      string
	OS        string          // "ubuntu"
	Version   string          // spec.version, "" of a config
	Providers []string        // that it is for, by OSM's names: "gce"
	Object    json.RawMessage // kind, name and spec; nil of a config without PartConfigs, if Rendered is set
	Rendered  string          // of a config: version of the profile that OSM has rendered; "" with OSM before 1.11
	Runtime   RuntimeConfig   // of a config
	Kept      *KeptProfile    // of a custom profile: the profile that it replaces; nil: none
}

// NodeSetup is what sets up the nodes of a user cluster.
type NodeSetup struct {
	Configs     []Profile
	Profiles    []Profile
	Deployments []MachineDeployment
	Server      string // address of the cluster's own API
	DefaultsOff bool   // OSM runs without its default profiles; only read where the configuration wants that
	Err         error  // why it is not known
}

// profileView is the part of a profile or config that is read.
type profileView struct {
	Spec struct {
		OSName                  string `json:"osName"`
		Version                 string `json:"version"`
		SupportedCloudProviders []struct {
			Name string `json:"name"`
		} `json:"supportedCloudProviders"`
		CloudProvider struct {
			Name string `json:"name"`
		} `json:"cloudProvider"`
	} `json:"spec"`
}

func profileFrom(obj *unstructured.Unstructured) (Profile, error) {
	var view profileView
	if err := decode(obj, &view); err != nil {
		return Profile{}, err
	}
	p := Profile{Kind: obj.GetKind(), Namespace: obj.GetNamespace(), Name: obj.GetName(), OS: view.Spec.OSName, Version: view.Spec.Version}
	if p.Kind == KindSystemConfig {
		p.Rendered, p.Runtime = obj.GetAnnotations()["k8c.io/osp-version"], runtimeConfigOf(obj)
	}
	for _, provider := range view.Spec.SupportedCloudProviders {
		p.Providers = append(p.Providers, provider.Name)
	}
	if view.Spec.CloudProvider.Name != "" {
		p.Providers = append(p.Providers, view.Spec.CloudProvider.Name)
	}
	slices.Sort(p.Providers)
	p.Providers = slices.Compact(p.Providers)
	if p.Kind == KindCustomProfile {
		p.Kept = keptBy(obj)
	}
	var err error
	p.Object, err = json.Marshal(map[string]any{"kind": p.Kind, "metadata": map[string]any{"name": p.Name}, "spec": obj.Object["spec"]})
	return p, err
}

// setups reads what sets up nodes. Most clusters have the same profiles: each is kept once.
type setups struct {
	configs bool // PartConfigs is requested
	mu      sync.Mutex
	kept    map[[sha256.Size]byte]json.RawMessage
}

func newSetups(configs bool) *setups {
	return &setups{configs: configs, kept: map[[sha256.Size]byte]json.RawMessage{}}
}

// keep returns an equal text that is kept already.
func (s *setups) keep(text json.RawMessage) json.RawMessage {
	sum := sha256.Sum256(text)
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.kept[sum]; known != nil {
		return known
	}
	s.kept[sum] = text
	return text
}

// readCustomProfiles fills in the custom profiles of a Seed.
func (l *loader) readCustomProfiles(ctx context.Context, client Client, seed *Seed) []Unread {
	var err error
	if seed.Profiles, err = l.setups.list(ctx, client, CustomProfileResource().Resource, seed.Namespace); err != nil {
		subject := "Seed " + seed.Name
		return []Unread{{PartProfiles, "CustomOperatingSystemProfiles on " + subject, unread(subject, err)}}
	}
	return nil
}

// read reads what sets up the nodes of a user cluster.
func (s *setups) read(ctx context.Context, user userClient, setup *NodeSetup) (err error) {
	setup.Server = user.server
	if setup.Configs, err = s.list(ctx, user.Client, "operatingsystemconfigs", metav1.NamespaceSystem); err != nil {
		return err
	}
	if setup.Profiles, err = s.list(ctx, user.Client, "operatingsystemprofiles", metav1.NamespaceSystem); err != nil {
		return err
	}
	setup.Deployments, err = listDeployments(ctx, user.Client)
	return err
}

// list reads objects of OSM. A cluster that does not know them has none.
func (s *setups) list(ctx context.Context, client Client, resource, namespace string) ([]Profile, error) {
	profiles, err := list(ctx, client, query{resource: osmResource(resource), namespace: namespace, maxBytes: maxUserBytes}, profileFrom)
	if notInstalled(err) {
		return nil, nil
	}
	for i := range profiles {
		if p := &profiles[i]; p.Rendered != "" && !s.configs {
			p.Object = nil
		} else {
			p.Object = s.keep(p.Object)
		}
	}
	return profiles, err
}

// deploymentView is the part of a MachineDeployment that is read.
type deploymentView struct {
	Spec struct {
		Replicas int64 `json:"replicas"`
		Template struct {
			Spec struct {
				Versions struct {
					Kubelet string `json:"kubelet"`
				} `json:"versions"`
				ProviderSpec struct {
					Value struct {
						CloudProvider   string `json:"cloudProvider"`
						OperatingSystem string `json:"operatingSystem"`
					} `json:"value"`
				} `json:"providerSpec"`
			} `json:"spec"`
		} `json:"template"`
	} `json:"spec"`
	Status struct {
		ObservedGeneration int64 `json:"observedGeneration"`
		Replicas           int64 `json:"replicas"`
		UpdatedReplicas    int64 `json:"updatedReplicas"`
		ReadyReplicas      int64 `json:"readyReplicas"`
	} `json:"status"`
}

// deploymentFrom reads a MachineDeployment. One that names no profile has the default of its
// operating system (operating-system-manager pkg/admission/machinedeployment, v1.11.3).
func deploymentFrom(obj *unstructured.Unstructured) (MachineDeployment, error) {
	var view deploymentView
	err := decode(obj, &view)
	spec := view.Spec.Template.Spec
	d := MachineDeployment{
		Namespace: obj.GetNamespace(), Name: obj.GetName(), Replicas: view.Spec.Replicas, Kubelet: spec.Versions.Kubelet,
		Provider: spec.ProviderSpec.Value.CloudProvider, OS: spec.ProviderSpec.Value.OperatingSystem,
		Generation: obj.GetGeneration(), Observed: view.Status.ObservedGeneration,
		Current: view.Status.Replicas, Updated: view.Status.UpdatedReplicas, Ready: view.Status.ReadyReplicas,
	}
	d.Profile = cmp.Or(obj.GetAnnotations()[ProfileAnnotation], "osp-"+d.OS)
	return d, err
}
