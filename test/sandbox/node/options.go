// Package node runs one Kubernetes node: a kubelet, containerd and runc, in namespaces of their own. It knows programs,
// mounts and control groups, and neither the API server that the node joins nor what runs on it.
//
// Three processes take part. The guard has the node's directory, starts the second one, and cleans up when it is told to
// stop by a signal, or when its own standard input ends, because whoever started it was killed. The second one is the first process of a
// PID namespace: when it ends, the kernel ends containerd, the kubelet and all containers, and the mounts are gone with the
// last of them.
package node

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/osm"
)

// Name is the name of every node: the API server asks the kubelet under it, so it must lead to loopback.
const Name = "localhost"

// Options says what to run.
type Options struct {
	// Programs is the directory with kubelet, containerd and containerd-shim-runc-v2.
	Programs string `json:"programs"`
	// Dir is the node's directory. It must not exist yet, and is removed at the end.
	Dir string `json:"dir"`
	// Group is the name of the node's control group. Guard sets it.
	Group string `json:"group"`
	// AlsoRemove is another directory to remove after the end of the guard's standard input, or empty.
	AlsoRemove string `json:"-"`
	// Kubeconfig is the path of a kubeconfig for the API server that the node joins.
	Kubeconfig string `json:"kubeconfig"`
	// Settings are those of the node's datacenter.
	Settings osm.Settings `json:"settings"`
	// StandIn is the host of a registry to ask first, with the real registry in the parameter ns; empty for none.
	StandIn string `json:"standIn,omitempty"`
	// Proxy is the URL of the HTTP proxy for everything that is not on loopback, unless the settings have one.
	Proxy string `json:"proxy,omitempty"`
	// CAFile has certificates, PEM, that the node trusts; none where it is empty.
	CAFile string `json:"caFile,omitempty"`
	// PullSecret is the path of a Docker configuration whose credentials OSM gives to containerd.
	PullSecret string `json:"pullSecret,omitempty"`
}

// Line is what the guard prints, as one line of JSON, when the node runs.
type Line struct {
	// Name is the name of the Node.
	Name string `json:"name"`
	// Containerd is the path of containerd's socket. Kubernetes' containers are in its namespace k8s.io. Clients cannot use paths
	// of more than 107 characters.
	Containerd string `json:"containerd"`
	// Dir has the logs, containerd.log and kubelet.log, and containerd's certs.d.
	Dir string `json:"dir"`
}

// programs are what a node needs of the directory with programs.
func programs() []string { return []string{"kubelet", "containerd", "containerd-shim-runc-v2"} }

// Missing says why this machine cannot run a node; nil when it can.
func Missing(dir string) error {
	if runtime.GOOS != "linux" {
		return errors.New("nodes run on Linux only")
	}
	if os.Geteuid() != 0 {
		return errors.New("nodes need root")
	}
	for _, name := range programs() {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("%s is not there; build.sh builds it: %w", name, err)
		}
	}
	_, err := runc()

	return err
}

// runc returns the path of runc, which is often where only root looks.
func runc() (string, error) {
	for _, name := range []string{"runc", "/usr/sbin/runc", "/usr/local/sbin/runc"} {
		if path, err := exec.LookPath(name); err == nil {
			return filepath.Abs(path)
		}
	}

	return "", errors.New("runc is not there; Debian's package is called runc")
}

// lines is how many of the last lines of a log are told when a node fails.
const lines = 5

// lastLines returns the ends of the node's logs.
func (o Options) lastLines() string {
	var text strings.Builder
	for _, name := range []string{"containerd.log", "kubelet.log"} {
		content, err := os.ReadFile(filepath.Join(o.Dir, name))
		if err != nil {
			continue
		}
		all := strings.Split(strings.TrimSpace(string(content)), "\n")
		fmt.Fprintf(&text, "%s:\n%s\n", name, strings.Join(all[max(0, len(all)-lines):], "\n"))
	}

	return text.String()
}
