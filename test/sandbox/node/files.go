package node

import (
	"embed"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/osm"
)

//go:embed config
var configurations embed.FS

// values are what the configurations of containerd and the kubelet need to know.
type values struct {
	Dir, Socket, Certs, Runc, Pause string
	Ports                           ports
	Auths                           map[string]osm.Auth
}

// ports are the kubelet's: of its API, and of its health.
type ports struct{ API, Health int }

const (
	// inside is where the node finds its directory. The path is short, as those of sockets must be.
	inside = "/run/node"
	socket = inside + "/" + socketName

	socketName = "containerd.sock"
)

// write makes the node's directory with everything that the programs read.
func (o Options) write(ports ports) error {
	runc, err := runc()
	if err != nil {
		return err
	}
	values := values{
		Dir: inside, Socket: socket, Certs: filepath.Join(inside, "certs.d"), Runc: runc,
		Pause: o.Settings.PauseImage, Ports: ports,
	}
	if values.Auths, err = o.auths(); err != nil {
		return err
	}

	content := map[string]string{
		// No pod has a network of its own, but a node without a configuration is never ready.
		"cni/none.conflist": `{"cniVersion": "0.4.0", "name": "none", "plugins": [{"type": "none"}]}`,
		"resolv.conf":       "",
	}
	for _, name := range []string{"containerd.toml", "kubelet.yaml"} {
		if content[name], err = values.render(name); err != nil {
			return err
		}
	}
	for name, value := range sysctls() {
		content["sys/"+filepath.Base(name)] = value + "\n"
	}
	for registry, text := range o.hosts() {
		content[filepath.Join("certs.d", registry, "hosts.toml")] = text
	}

	return writeAll(o.Dir, content)
}

func writeAll(dir string, content map[string]string) error {
	for name, text := range content {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}

	return nil
}

// hosts are what OSM writes, or, where a registry stands in for all others, the way there.
func (o Options) hosts() map[string]string {
	if o.StandIn != "" {
		return map[string]string{"_default": fmt.Sprintf("[host.%q]\ncapabilities = [\"pull\", \"resolve\"]\n", "http://"+o.StandIn)}
	}

	return o.Settings.Hosts()
}

func (o Options) auths() (map[string]osm.Auth, error) {
	if o.PullSecret == "" {
		return nil, nil
	}
	content, err := os.ReadFile(o.PullSecret)
	if err != nil {
		return nil, err
	}

	return osm.Auths(content)
}

// render fills in an embedded configuration.
func (v values) render(name string) (string, error) {
	quote := func(value string) (string, error) {
		quoted, err := json.Marshal(value) // which TOML and YAML read, too
		return string(quoted), err
	}
	parsed, err := template.New(name).Funcs(template.FuncMap{"quote": quote}).ParseFS(configurations, "config/"+name)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	err = parsed.Execute(&text, v)

	return text.String(), err
}

// freePorts returns ports of loopback that nobody uses at the moment.
func freePorts() (ports, error) {
	var numbers [2]int
	for i := range numbers {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return ports{}, err
		}
		defer listener.Close()
		numbers[i] = listener.Addr().(*net.TCPAddr).Port
	}

	return ports{API: numbers[0], Health: numbers[1]}, nil
}

// sysctls are the settings of the kernel that a kubelet makes. They are the machine's, so the kubelet gets files instead
// that have these values already, by their paths below /proc/sys.
func sysctls() map[string]string {
	return map[string]string{
		"vm/overcommit_memory": "1", "vm/panic_on_oom": "0", "kernel/panic": "10", "kernel/panic_on_oops": "1",
		"kernel/keys/root_maxkeys": "1000000", "kernel/keys/root_maxbytes": "25000000",
	}
}
