package upgrade

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"

	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage"
	"helm.sh/helm/v3/pkg/storage/driver"
)

// Stored is one revision of a release, as Helm stores it.
type Stored struct {
	JSON   json.RawMessage
	Labels map[string]string // labels of its Secret
}

// snapshot is Helm's storage at the time when a release was read. Later changes of other clients
// are not visible. Writes also go to the cluster, whose storage rejects a revision that another
// client has created in the meantime.
type snapshot struct {
	driver.Driver // storage of the cluster

	mu      sync.Mutex
	seen    map[string]*release.Release
	created bool
}

// read takes a snapshot of a release. Revisions with the name or namespace of another release are
// ignored.
func (r Upgrade) read(ctx context.Context, cluster Cluster) (*snapshot, error) {
	history, err := cluster.History(ctx)
	if err != nil {
		return nil, err
	}
	s := &snapshot{Driver: cluster.Releases.Driver, seen: map[string]*release.Release{}}
	for _, stored := range history {
		var revision release.Release
		if err := json.Unmarshal(stored.JSON, &revision); err != nil {
			continue // as Helm does
		}
		if revision.Name != r.Name || revision.Namespace != r.Namespace || revision.Info == nil || revision.Version < 1 {
			continue
		}
		revision.Labels = maps.Clone(stored.Labels)
		maps.DeleteFunc(revision.Labels, func(label, _ string) bool { return slices.Contains(driver.GetSystemLabels(), label) })
		s.seen[key(revision.Name, revision.Version)] = &revision
	}
	return s, nil
}

// key returns the name of a revision in Helm's storage.
func key(name string, revision int) string {
	return fmt.Sprintf("%s.%s.v%d", storage.HelmStorageType, name, revision)
}

func (s *snapshot) releases() *storage.Storage { return storage.Init(s) }

// wrote reports whether a revision was created.
func (s *snapshot) wrote() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.created
}

func (s *snapshot) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen)
}

// Create implements driver.Driver.
func (s *snapshot) Create(key string, r *release.Release) error {
	if err := s.Driver.Create(key, r); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[key], s.created = r, true
	return nil
}

// Update implements driver.Driver.
func (s *snapshot) Update(key string, r *release.Release) error {
	if err := s.Driver.Update(key, r); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[key] = r
	return nil
}

// Delete implements driver.Driver.
func (s *snapshot) Delete(key string) (*release.Release, error) {
	s.mu.Lock()
	delete(s.seen, key)
	s.mu.Unlock()
	return s.Driver.Delete(key)
}

// Get implements driver.Driver.
func (s *snapshot) Get(key string) (*release.Release, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found, ok := s.seen[key]; ok {
		return found, nil
	}
	return nil, driver.ErrReleaseNotFound
}

// List implements driver.Driver.
func (s *snapshot) List(wanted func(*release.Release) bool) ([]*release.Release, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Collect(maps.Values(s.seen)), func(r *release.Release) bool { return !wanted(r) }), nil
}

// Query implements driver.Driver, for the labels that Helm asks for.
func (s *snapshot) Query(labels map[string]string) ([]*release.Release, error) {
	found, err := s.List(func(r *release.Release) bool {
		name, status := labels["name"], labels["status"]
		return (name == "" || name == r.Name) && (status == "" || status == r.Info.Status.String())
	})
	if err == nil && len(found) == 0 {
		err = driver.ErrReleaseNotFound
	}
	return found, err
}
