package e2e

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// machine is what a node could change on the machine that it runs on.
type machine struct {
	mounts, groups, settings string
	files                    map[string][]string
}

// look describes the machine.
func look(t *testing.T) machine {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	seen := machine{mounts: string(mounts), groups: groups(t), settings: settings(t), files: map[string][]string{}}
	// Where kubelets, containerd and network plugins keep their files by default.
	for _, directory := range []string{
		"/etc/cni", "/etc/containerd", "/etc/kubernetes", "/opt/cni", "/opt/containerd", "/run/containerd", "/run/runc", "/run/netns", "/var/lib/cni",
		"/var/lib/containerd", "/var/lib/kubelet", "/var/log/containers", "/var/log/pods", "/usr/libexec/kubernetes",
	} {
		_ = filepath.WalkDir(directory, func(path string, _ fs.DirEntry, err error) error {
			if err == nil {
				seen.files[directory] = append(seen.files[directory], path)
			}
			return nil
		})
	}

	return seen
}

// compare finds what has changed since.
func (m machine) compare(t *testing.T) {
	t.Helper()
	if diff := cmp.Diff(m, look(t), cmp.AllowUnexported(machine{})); diff != "" {
		t.Errorf("the machine is not as it was:\n%s", diff)
	}
}

// groups are the control groups of nodes. Others are made and removed by whatever runs on the machine.
func groups(t *testing.T) string {
	t.Helper()
	var found []string
	err := filepath.WalkDir("/sys/fs/cgroup", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return nil //nolint:nilerr // it was removed in between
		}
		for _, name := range []string{"kkp-node-", "k8s.io", "kubepods", "kubelet", "containerd"} {
			if strings.HasPrefix(entry.Name(), name) {
				found = append(found, path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}

	return strings.Join(found, "\n")
}

// settings are the kernel's, but for those that change by themselves.
func settings(t *testing.T) string {
	t.Helper()
	var found strings.Builder
	for _, root := range []string{"/proc/sys/kernel", "/proc/sys/vm", "/proc/sys/net/ipv4", "/proc/sys/net/bridge", "/proc/sys/net/netfilter"} {
		_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			name := strings.TrimPrefix(path, "/proc/sys/")
			if err == nil && !entry.IsDir() && !changesByItself(name) {
				if content, err := os.ReadFile(path); err == nil {
					found.WriteString(name + " = " + string(content))
				}
			}
			return nil
		})
	}
	if found.Len() == 0 {
		t.Fatal("no settings of the kernel can be read")
	}

	return found.String()
}

// pidNamespace returns the namespace of the processes of a node, whose kubelet reads that kubeconfig.
func pidNamespace(t *testing.T, kubeconfig string) string {
	t.Helper()
	for process, namespace := range namespaces(t) {
		line, err := os.ReadFile(filepath.Join("/proc", process, "cmdline"))
		if err == nil && bytes.HasPrefix(line, []byte("kubelet\x00")) && bytes.Contains(line, []byte(kubeconfig)) {
			return namespace
		}
	}
	t.Fatalf("there is no kubelet with the kubeconfig %s", kubeconfig)

	return ""
}

// checkEnded finds processes that are left in a namespace.
func checkEnded(t *testing.T, namespace string) {
	t.Helper()
	for process, other := range namespaces(t) {
		if other == namespace {
			line, err := os.ReadFile(filepath.Join("/proc", process, "cmdline"))
			t.Errorf("process %s is left: %q %v", process, line, err)
		}
	}
}

// namespaces are the PID namespaces of all processes, by their number.
func namespaces(t *testing.T) map[string]string {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/ns/pid")
	if err != nil || len(links) == 0 {
		t.Fatalf("processes cannot be seen: %v", err)
	}
	found := map[string]string{}
	for _, link := range links {
		if namespace, err := os.Readlink(link); err == nil {
			found[strings.Split(link, "/")[2]] = namespace
		}
	}

	return found
}

// changesByItself reports whether the kernel or other programs change a setting at any time.
func changesByItself(name string) bool {
	for _, prefix := range []string{"kernel/random/", "kernel/ns_last_pid", "kernel/pty/nr", "kernel/perf_event_max_sample_rate"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return strings.HasSuffix(name, "_count")
}
