package kkp

import (
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

// seedsAtOnce bounds the number of Seeds that are read concurrently.
const seedsAtOnce = 8

// loader reads the clusters of an installation, each once: a Seed can be the master, too.
type loader struct {
	Request

	master    Client
	namespace string // of the configuration
	edition   string // as its status has it
	masterID  func() types.UID
	clusters  *userClusters
	setups    *setups // nil: PartProfiles is not requested

	withoutDefaults bool // the configuration has OSM write no default profiles

	mu         sync.Mutex // of the pods
	masterPods []Pod      // read with those of a Seed that is the master; see readPods
	podsRead   bool       // whether they were
}

func newLoader(r Request, master Client, configuration Configuration) *loader {
	l := &loader{
		Request: r, master: master, namespace: configuration.Namespace, edition: configuration.Status.KubermaticEdition,
		clusters: newUserClusters(r.Connect, r.Progress), withoutDefaults: configuration.Switch(WithoutDefaultProfiles),
	}
	if l.asks(PartProfiles) {
		l.setups = newSetups(l.asks(PartConfigs))
	}
	return l
}

// read reads the master and the Seeds at the same time.
func (l *loader) read(ctx context.Context, inst *Installation) []Unread {
	l.masterID = sync.OnceValue(func() types.UID { return clusterID(ctx, l.master) })
	var ofMaster, ofSeeds []Unread
	var group errgroup.Group
	group.Go(func() error {
		ofMaster = l.readMaster(ctx, inst)
		return nil
	})
	group.Go(func() error {
		ofSeeds = l.readSeeds(ctx, inst.Seeds)
		return nil
	})
	_ = group.Wait() // the functions return nil: what fails is in the Unreads
	var ofPods []Unread
	inst.Pods = l.masterPods
	if namespaces := l.podNamespaces(); !l.podsRead && len(namespaces) > 0 {
		pods := loadPods(ctx, l.master, namespaces)
		inst.Pods, ofPods = pods.found, pods.unread(PartPods, "pods", "master")
	}
	for i := range inst.Seeds {
		if inst.Seeds[i].master {
			inst.Seeds[i].API = inst.API
		}
	}
	return slices.Concat(ofPods, ofMaster, ofSeeds)
}

// podNamespaces returns the namespaces of the master whose pods are read: only those of KKP itself if
// nothing but the edition is asked of them (see resolveVersion).
func (l *loader) podNamespaces() []string {
	switch {
	case l.wants(PartPods):
		return masterNamespaces(l.namespace)
	case l.edition == "":
		return []string{l.namespace}
	}
	return nil
}

// readMaster reads the parts of the master cluster, without its pods.
func (l *loader) readMaster(ctx context.Context, inst *Installation) []Unread {
	var all, missed []Unread
	if l.wants(PartReleases) {
		inst.Releases, missed = loadReleases(ctx, l.master, "master", l.namespace)
		all = append(all, missed...)
	}
	if l.wants(PartAPI) {
		inst.API = readAPI(l.master.Discovery)
	}
	if l.wants(PartApps) {
		inst.Applications, missed = loadApplications(ctx, l.master, l.namespace)
		all = append(all, missed...)
	}
	return all
}

// readSeeds reads the cluster of each Seed, several concurrently.
func (l *loader) readSeeds(ctx context.Context, seeds []Seed) []Unread {
	missed := make([][]Unread, len(seeds))
	var group errgroup.Group
	group.SetLimit(seedsAtOnce)
	for i := range seeds {
		group.Go(func() error {
			missed[i] = l.readSeed(ctx, &seeds[i])
			return nil
		})
	}
	_ = group.Wait() // the functions return nil: what fails is in missed
	return slices.Concat(missed...)
}

// clusterID identifies a cluster by the UID of kube-system, "" if the UID cannot be read.
func clusterID(ctx context.Context, client dynamic.Interface) types.UID {
	namespace, err := client.Resource(CoreResource("namespaces")).Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
	if err != nil {
		return ""
	}
	return namespace.GetUID()
}
