package kkp

import (
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"
)

// readSeed reads the parts of the cluster of a Seed.
func (l *loader) readSeed(ctx context.Context, seed *Seed) []Unread {
	subject := "Seed " + seed.Name
	client, err := seedClient(ctx, l.master, seed.Kubeconfig, l.Connect)
	if err != nil {
		return l.nothingOf(seed, &UnreachableError{Cluster: subject, Err: err})
	}
	defer client.close()
	seed.Clusters, err = listViews(ctx, client, query{resource: clusterResource()}, "Cluster", clusterView.cluster)
	err = unread(subject, err)
	if errors.As(err, new(*UnreachableError)) {
		return l.nothingOf(seed, err) // every further request would have the same timeout
	}
	if l.asks(PartAccess) {
		seed.access = append(seed.access, accessTo(ctx, client, subject, SeedRights(*seed, l.withoutDefaults)))
	}
	seed.Read = err == nil
	seed.master = l.isMaster(ctx, client)
	var missed []Unread
	if !seed.master {
		missed = l.readOwn(ctx, client, seed)
	}
	if err != nil {
		missed = append(missed, Unread{PartClusters, subject, err})
	}
	return append(missed, l.readClusters(ctx, client, seed)...)
}

// isMaster reports whether a Seed is the master, if parts are read that both have.
func (l *loader) isMaster(ctx context.Context, client Client) bool {
	if !l.wants(PartAPI) && !l.wants(PartReleases) && !l.wants(PartPods) {
		return false
	}
	id := l.masterID()
	return id != "" && id == clusterID(ctx, client)
}

// nothingOf returns an Unread for each part of the cluster of a Seed.
func (l *loader) nothingOf(seed *Seed, err error) []Unread {
	subject := "Seed " + seed.Name
	if l.asks(PartAccess) {
		seed.access = append(seed.access, Access{Cluster: subject, Err: err})
	}
	return []Unread{{PartClusters, subject, err}, {PartPods, subject, err}, {PartReleases, subject, err}}
}

// readOwn reads what a Seed has that is not the master; the parts of the master are read as such.
func (l *loader) readOwn(ctx context.Context, client Client, seed *Seed) (missed []Unread) {
	if l.wants(PartAPI) {
		seed.API = readAPI(client.Discovery)
	}
	if l.wants(PartReleases) {
		seed.Releases, missed = loadReleases(ctx, client, "Seed "+seed.Name, seed.Namespace)
	}
	return missed
}

// readClusters reads the namespaces of the user clusters and, at the same time, the user clusters.
func (l *loader) readClusters(ctx context.Context, client Client, seed *Seed) []Unread {
	var ofPods, ofAddons, ofClusters []Unread
	var group errgroup.Group
	if l.wants(PartPods) {
		group.Go(func() error {
			ofPods = l.readPods(ctx, client, seed)
			return nil
		})
	}
	if l.wants(PartAddons) {
		subject := "Seed " + seed.Name
		if err := loadAddons(ctx, client, seed.Clusters); err != nil {
			ofAddons = []Unread{{PartAddons, subject, unread(subject, err)}}
		}
	}
	if l.setups != nil {
		ofClusters = l.readCustomProfiles(ctx, client, seed)
	}
	ofClusters = append(ofClusters, l.readUsers(ctx, client, seed)...)
	if l.setups != nil && l.withoutDefaults {
		ofClusters = append(ofClusters, readManagers(ctx, client, seed)...)
	}
	_ = group.Wait() // the function returns nil: what fails is in ofPods
	return slices.Concat(ofAddons, ofClusters, ofPods)
}

// readPods reads the pods of a Seed. If the Seed is the master, the same list has the pods of the
// master.
func (l *loader) readPods(ctx context.Context, client Client, seed *Seed) []Unread {
	own := masterNamespaces(seed.Namespace)
	if seed.master {
		own = masterNamespaces(l.namespace)
	}
	var ofClusters []string
	for i := range seed.Clusters { // others write to fields of the clusters, so that they are not copied
		ofClusters = append(ofClusters, seed.Clusters[i].Namespace)
	}
	pods := loadPods(ctx, client, slices.Concat(own, ofClusters))
	if seed.master {
		pods = l.withoutMaster(pods, own)
	}
	seed.Pods = pods.found
	return pods.unread(PartPods, "pods", "Seed "+seed.Name)
}

// withoutMaster keeps the pods in the namespaces of the master for the master. If they could not be
// read with the others, they are read later, as the user of the master.
func (l *loader) withoutMaster(pods inNamespaces[Pod], own []string) inNamespaces[Pod] {
	ofMaster := func(pod Pod) bool { return slices.Contains(own, pod.Namespace) }
	if pods.across {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, pod := range pods.found {
			if ofMaster(pod) && !l.podsRead {
				l.masterPods = append(l.masterPods, pod)
			}
		}
		l.podsRead = true
	}
	pods.found = slices.DeleteFunc(pods.found, ofMaster)
	pods.failed = slices.DeleteFunc(pods.failed, func(f namespaceError) bool { return slices.Contains(own, f.namespace) })
	return pods
}
