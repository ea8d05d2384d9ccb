package kkp

import (
	"context"
	"slices"
	"strings"
)

// WithoutDefaultProfiles is the field of the KubermaticConfiguration with which OSM writes no
// default profiles into user clusters (since KKP 2.28).
const WithoutDefaultProfiles = "spec.userCluster.operatingSystemManager.disableDefaultOperatingSystemProfiles"

// withoutDefaultsFlag is the flag that OSM gets from this field. The Deployment has it within a
// text in JSON, because another program waits for the API server and then starts OSM (kubermatic
// pkg/resources/operatingsystemmanager/deployment.go, v2.31.0).
const withoutDefaultsFlag = "-disable-default-osps"

// managerView is the part of the Deployment of OSM that is read.
type managerView struct {
	Metadata struct {
		Namespace  string `json:"namespace"`
		Generation int64  `json:"generation"`
	} `json:"metadata"`
	Spec struct {
		Template struct {
			Spec struct {
				Containers []struct {
					Command []string `json:"command"`
					Args    []string `json:"args"`
				} `json:"containers"`
			} `json:"spec"`
		} `json:"template"`
	} `json:"spec"`
	Status struct {
		ObservedGeneration int64 `json:"observedGeneration"`
		Replicas           int64 `json:"replicas"`
		UpdatedReplicas    int64 `json:"updatedReplicas"`
	} `json:"status"`
}

// withoutDefaults reports whether no pod runs that writes default profiles: the flag is set, and no
// pod of an older template is left.
func (v managerView) withoutDefaults() bool {
	if v.Status.ObservedGeneration < v.Metadata.Generation || v.Status.UpdatedReplicas != v.Status.Replicas {
		return false
	}
	for _, c := range v.Spec.Template.Spec.Containers {
		if slices.ContainsFunc(slices.Concat(c.Command, c.Args), func(text string) bool { return strings.Contains(text, withoutDefaultsFlag) }) {
			return true
		}
	}
	return false
}

// readManagers fills in, with one list, whether the OSM of each user cluster of a Seed runs without
// its default profiles.
func readManagers(ctx context.Context, client Client, seed *Seed) []Unread {
	q := query{resource: deploymentResource(), fields: "metadata.name=operating-system-manager"}
	off := map[string]bool{} // by namespace
	err := each(ctx, client, q, func(view managerView, err error) error {
		off[view.Metadata.Namespace] = err == nil && view.withoutDefaults()
		return nil
	})
	if err != nil {
		subject := "Seed " + seed.Name
		return []Unread{{PartProfiles, "the Deployments operating-system-manager on " + subject, unread(subject, err)}}
	}
	for i, cluster := range seed.Clusters {
		seed.Clusters[i].Setup.DefaultsOff = off[cluster.Namespace]
	}
	return nil
}
