package node

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// mount makes the node's view of the machine's file system: its own processes, control groups below one of its own, a /run and
// a /var whose changes nobody else sees, and copies of the kernel's settings.
func (o Options) mount() error {
	dir, err := os.Open(o.Dir) // which may be below one of those
	if err != nil {
		return err
	}
	defer dir.Close()

	steps := []struct {
		source, target, kind string
		flags                uintptr
		data                 string
	}{
		{"", "/", "", syscall.MS_REC | syscall.MS_PRIVATE, ""}, // first, so that nothing gets out
		{"", "/", "", syscall.MS_REC | syscall.MS_SHARED, ""},  // among the containers, as kubelets want
		{"proc", "/proc", "proc", 0, ""},
		{"tmpfs", "/run", "tmpfs", 0, ""},
	}
	for _, step := range steps {
		if err := syscall.Mount(step.source, step.target, step.kind, step.flags, step.data); err != nil {
			return fmt.Errorf("mounting %s: %w", step.target, err)
		}
	}
	if err := overlay("/var", "/run/node-var"); err != nil {
		return err
	}
	if err := os.MkdirAll(inside, 0o700); err != nil {
		return err
	}
	if err := bind(fmt.Sprintf("/proc/self/fd/%d", dir.Fd()), inside); err != nil {
		return err
	}
	hierarchies, err := hierarchies()
	if err != nil {
		return err
	}
	for _, hierarchy := range hierarchies {
		if err := narrow(hierarchy, o.Group); err != nil {
			return err
		}
	}
	for name := range sysctls() {
		if err := bind(filepath.Join(inside, "sys", filepath.Base(name)), filepath.Join("/proc/sys", name)); err != nil {
			return err
		}
	}

	return nil
}

// overlay keeps what is written below a directory in another one.
func overlay(directory, changes string) error {
	upper, work := filepath.Join(changes, "upper"), filepath.Join(changes, "work")
	for _, path := range []string{upper, work} {
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
	}
	data := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", directory, upper, work)
	if err := syscall.Mount("overlay", directory, "overlay", 0, data); err != nil {
		return fmt.Errorf("mounting %s: %w", directory, err)
	}

	return nil
}

// narrow puts a control group in the place of its hierarchy. runc goes by the list of mounts, so that of the whole hierarchy
// must not stay below.
func narrow(hierarchy, group string) error {
	const between = "/run/node-group"
	if err := os.MkdirAll(between, 0o700); err != nil {
		return err
	}
	if err := bind(filepath.Join(hierarchy, group), between); err != nil {
		return err
	}
	if err := syscall.Unmount(hierarchy, syscall.MNT_DETACH); err != nil {
		return fmt.Errorf("unmounting %s: %w", hierarchy, err)
	}
	if err := bind(between, hierarchy); err != nil {
		return err
	}
	if err := syscall.Unmount(between, syscall.MNT_DETACH); err != nil {
		return fmt.Errorf("unmounting %s: %w", between, err)
	}

	return nil
}

func bind(source, target string) error {
	if err := syscall.Mount(source, target, "", syscall.MS_BIND, ""); err != nil {
		return fmt.Errorf("mounting %s: %w", target, err)
	}

	return nil
}
