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
	Labels map[string]string // of its Secret
}

// snapshot is Helm's storage as it was when a release was read: whatever others write into it
// afterwards is not seen. What is written here goes to the cluster, too, whose storage refuses
// a revision that somebody else has made in the meantime.
type snapshot struct {
	driver.Driver // the cluster's

	mu      sync.Mutex
	seen    map[string]*release.Release
	created bool
}

// read takes a snapshot of a release. Revisions that say that they are of another one, or of
// another namespace, are left out.
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

// key is how Helm's storage calls a revision.
func key(name string, revision int) string {
	return fmt.Sprintf("%s.%s.v%d", storage.HelmStorageType, name, revision)
}

func (s *snapshot) releases() *storage.Storage { return storage.Init(s) }

// wrote tells whether a revision was made.
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
