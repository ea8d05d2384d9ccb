package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	groupTimeout  = 10 * time.Second
	groupInterval = 50 * time.Millisecond
)

// hierarchies are the directories where the machine has control groups: one with version 2, several with version 1.
func hierarchies() ([]string, error) {
	mounts, err := os.ReadFile("/proc/self/mounts") // device, directory, type, ...
	if err != nil {
		return nil, err
	}
	var found []string
	for line := range strings.Lines(string(mounts)) {
		if fields := strings.Fields(line); len(fields) > 2 && (fields[2] == "cgroup" || fields[2] == "cgroup2") {
			found = append(found, fields[1])
		}
	}

	return found, nil
}

// makeGroups makes a control group in every hierarchy. The node takes it for the root.
func makeGroups(name string) error {
	hierarchies, err := hierarchies()
	if err != nil {
		return err
	}
	for _, hierarchy := range hierarchies {
		group := filepath.Join(hierarchy, name)
		if err := os.Mkdir(group, 0o755); err != nil {
			return fmt.Errorf("making a control group: %w", err)
		}
		// With version 1, a group has no processor and no memory until it is told. Others have no such files.
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			own, err := os.ReadFile(filepath.Join(group, file))
			if err != nil || strings.TrimSpace(string(own)) != "" {
				continue
			}
			all, err := os.ReadFile(filepath.Join(hierarchy, file))
			if err != nil {
				continue // the root of version 2 has no limits
			}
			if err := os.WriteFile(filepath.Join(group, file), all, 0o600); err != nil {
				return err
			}
		}
	}

	return nil
}

// removeGroups removes a control group, with those below, from every hierarchy. No process may be in it; the kernel may take
// a moment to notice.
func removeGroups(name string) error {
	hierarchies, err := hierarchies()
	failures := []error{err}
	for _, hierarchy := range hierarchies {
		failures = append(failures, removeGroup(filepath.Join(hierarchy, name)))
	}

	return errors.Join(failures...)
}

func removeGroup(root string) error {
	var last error
	for deadline := time.Now().Add(groupTimeout); time.Now().Before(deadline); time.Sleep(groupInterval) {
		if last = removeDirectories(root); last == nil || errors.Is(last, fs.ErrNotExist) {
			return nil
		}
	}

	return fmt.Errorf("removing the control group %s: %w", root, last)
}

// removeDirectories removes a directory and those below, all of which have files that only the kernel can remove.
func removeDirectories(root string) error {
	var directories []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			directories = append(directories, path)
		}
		return err
	})
	for _, directory := range slices.Backward(directories) {
		err = errors.Join(err, os.Remove(directory))
	}

	return err
}
