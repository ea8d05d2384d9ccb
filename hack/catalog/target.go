package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/Masterminds/semver/v3"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog/data"
)

// target is the release and edition to rebuild, within its minor's file. A
// release that the file lacks is appended and starts as the one before it.
type target struct {
	path    string
	file    *data.File
	index   int
	edition string
	// appended is the number of releases that the file on disk lacks.
	appended int
	// pruned are images of minors and providers that a new KKP minor no longer has.
	pruned map[string]bool
}

func openTarget(dir, release, edition string, providers []string) (*target, error) {
	version, err := semver.StrictNewVersion(trimV(release))
	if err != nil || release != "v"+version.String() || version.Prerelease() != "" {
		return nil, fmt.Errorf("-release must be a release like v2.31.1, not %q", release)
	}
	t := &target{path: filepath.Join(dir, data.MinorOf(version)+".yaml"), edition: edition, pruned: map[string]bool{}}
	t.file, err = read(t.path)
	if errors.Is(err, fs.ErrNotExist) {
		t.file, err = nextMinor(dir, version)
		t.appended = 1
	}
	if err != nil {
		return nil, err
	}
	if err := t.locate(release, version); err != nil {
		return nil, err
	}
	if len(providers) > 0 && !slices.Equal(t.release().Providers, providers) {
		t.file.Releases[t.index].Providers = slices.Sorted(slices.Values(providers))
	}
	return t, nil
}

// locate finds the release in the file, or appends it.
func (t *target) locate(release string, version *semver.Version) error {
	if t.index = t.file.Index(release); t.index >= 0 {
		return nil
	}
	last := t.file.Releases[len(t.file.Releases)-1].Version
	if newest, err := semver.NewVersion(last); err != nil || !version.GreaterThan(newest) {
		return fmt.Errorf("%s has no %s, and only releases after %s can be added", t.path, release, last)
	}
	t.index, t.appended = len(t.file.Releases), 1
	t.file.Releases = append(t.file.Releases, data.Release{Version: release})
	return nil
}

func read(path string) (*data.File, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	file, err := data.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return file, nil
}

// nextMinor starts a file with what the newest release of the minor before has.
func nextMinor(dir string, version *semver.Version) (*data.File, error) {
	before := filepath.Join(dir, fmt.Sprintf("v%d.%d.yaml", version.Major(), version.Minor()-1))
	old, err := read(before)
	if err != nil {
		return nil, err
	}
	last := len(old.Releases) - 1
	release := old.Release(last)
	release.Version = "v" + version.String()
	file := &data.File{Releases: []data.Release{release}}
	for _, setting := range old.Settings {
		if old.Within(last, setting.Since, setting.Until) {
			setting.Since, setting.Until = "", ""
			file.Settings = append(file.Settings, setting)
		}
	}
	for _, component := range old.Components {
		component.Images = newGrid(old, component).at(last).entries(file)
		if len(component.Images) > 0 {
			file.Components = append(file.Components, component)
		}
	}
	for _, app := range shippedIn(old, last) {
		file.Applications = append(file.Applications, app)
	}
	return file, nil
}

// release is the target with what it takes over from the releases before.
func (t *target) release() data.Release { return t.file.Release(t.index) }

// active are a component's entries that the target has.
func (t *target) active(c data.Component) []data.Entry {
	var entries []data.Entry
	for _, entry := range c.Images {
		if t.file.Active(c, entry, t.index, t.edition) {
			entries = append(entries, entry)
		}
	}
	return entries
}

// save writes the file canonically, if it would read back.
func (t *target) save() error {
	raw := data.Format(t.file)
	if _, err := data.Parse(raw); err != nil {
		return fmt.Errorf("the merged data is not valid, nothing is written: %w", err)
	}
	return os.WriteFile(t.path, raw, 0o644)
}

func trimV(version string) string {
	if len(version) > 0 && version[0] == 'v' {
		return version[1:]
	}
	return version
}
