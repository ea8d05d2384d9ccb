package rewrite_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

func pkixName(name string) pkix.Name { return pkix.Name{CommonName: name} }

// runMachine is the first process in the namespaces: it makes the machine, serves the mirror, and
// runs the scripts.
func runMachine(dir string) int {
	ran, err := (&running{dir: dir}).run()
	if err == nil {
		var text []byte
		if text, err = json.Marshal(ran); err == nil {
			err = os.WriteFile(filepath.Join(dir, "ran.json"), text, 0o600)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// running is a machine that runs.
type running struct {
	dir string
	Machine

	mu  sync.Mutex
	ran Ran
}

func (r *running) run() (Ran, error) {
	text, err := os.ReadFile(filepath.Join(r.dir, "machine.json"))
	if err != nil {
		return r.ran, err
	}
	if err := json.Unmarshal(text, &r.Machine); err != nil {
		return r.ran, err
	}
	for _, step := range []func() error{r.scratch, loopback, r.serve, r.lookups, r.write} {
		if err := step(); err != nil {
			return r.ran, err
		}
	}
	for _, script := range []string{"/opt/bin/bootstrap", "/opt/bin/setup", "/opt/acme/install.sh"} {
		if _, err := os.Stat(script); err == nil && r.ran.Failed == "" {
			r.script(script)
		}
	}
	for _, file := range r.Expected {
		if info, err := os.Stat(file); err != nil || info.Size() == 0 || info.Mode()&0o111 == 0 {
			r.ran.Missing = append(r.ran.Missing, file)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ran, nil
}

// scratch hides the directories that scripts write to. /etc is a copy.
func (r *running) scratch() error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return err
	}
	etc := filepath.Join(r.dir, "etc")
	if output, err := exec.Command("cp", "-a", "/etc", etc).CombinedOutput(); err != nil { //nolint:noctx // of the test only
		return fmt.Errorf("%w: %s", err, output)
	}
	if err := syscall.Mount(etc, "/etc", "", syscall.MS_BIND, ""); err != nil {
		return err
	}
	for _, dir := range []string{"/opt", "/usr/local", "/run", "/boot", "/usr/share", "/root"} {
		if err := syscall.Mount("scratch", dir, "tmpfs", 0, ""); err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
	}
	for _, dir := range []string{"/etc/apt", "/etc/yum.repos.d", "/etc/machine-id"} {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	for _, dir := range []string{
		"/etc/apt/keyrings", "/etc/apt/sources.list.d", "/etc/yum.repos.d", "/etc/cloud/cloud.cfg.d", "/etc/kubernetes", "/etc/pki/ca-trust/source/anchors", "/etc/systemd/system",
		"/usr/local/bin", "/usr/share/oem", "/boot/flatcar", "/run/stand-ins", "/etc/netplan", "/etc/sysconfig/network-scripts",
	} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	own, err := os.Hostname()
	if err != nil {
		return err
	}
	names := "127.0.0.1 localhost files.corp.example nexus.corp.example user-cluster-api.invalid " + own + "\n"
	return errorsOf(os.WriteFile("/etc/hosts", []byte(names), 0o644), replaceFile("/etc/resolv.conf", "nameserver 127.0.0.1\noptions attempts:1 timeout:1\n"),
		replaceFile("/etc/environment", ""), replaceFile("/etc/machine-id", "1\n"), replaceFile("/etc/sysconfig/network-scripts/ifcfg-eth0", ""))
}

func errorsOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func replaceFile(name, text string) error {
	_ = os.Remove(name) // it may be a link
	return os.WriteFile(name, []byte(text), 0o644)
}

// loopback brings the only network device up.
func loopback() error {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer func() { _ = syscall.Close(fd) }()
	request := struct {
		name  [16]byte
		flags uint16
		_     [22]byte
	}{flags: syscall.IFF_UP | syscall.IFF_RUNNING}
	copy(request.name[:], "lo")
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request))); errno != 0 {
		return errno
	}
	return nil
}

// serve serves the mirror and the API of the user cluster.
func (r *running) serve() error {
	pair, err := tls.X509KeyPair(r.Cert, r.Key)
	if err != nil {
		return err
	}
	for _, address := range []string{"127.0.0.1:443", "127.0.0.1:6443"} {
		listener, err := tls.Listen("tcp", address, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})
		if err != nil {
			return err
		}
		go func() { _ = http.Serve(listener, r) }() //nolint:gosec // of the test only
	}
	return nil
}

// ServeHTTP answers for the mirror, and for the API of the user cluster.
func (r *running) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	host, _, _ := strings.Cut(req.Host, ":")
	if host == "user-cluster-api.invalid" {
		_, _ = w.Write([]byte(`{"data":{"cloud-config":"e30=","kubeconfig":"e30="}}`))
		return
	}
	name := host + req.URL.Path
	r.mu.Lock()
	r.ran.Requests = append(r.ran.Requests, name)
	r.mu.Unlock()
	if !slices.Contains(r.Served, name) && !strings.HasSuffix(name, "/repodata/repomd.xml") {
		http.NotFound(w, req)
		return
	}
	_, _ = w.Write(contentOf(name))
}

// contentOf is the content of a file of the mirror.
func contentOf(name string) []byte {
	of, isChecksum := strings.CutSuffix(name, ".sha256")
	switch {
	case isChecksum:
		sum := sha256.Sum256(contentOf(of))
		text := hex.EncodeToString(sum[:])
		if strings.Contains(name, "/containernetworking/") {
			text += "  " + path.Base(of)
		}
		return []byte(text + "\n")
	case strings.HasSuffix(name, ".repo"): // as upstream has it
		return []byte("[docker-ce-stable]\nbaseurl=https://download.docker.com/linux/rhel/$releasever/$basearch/stable\ngpgkey=https://download.docker.com/linux/rhel/gpg\n")
	case strings.HasSuffix(name, ".tgz"), strings.HasSuffix(name, ".tar.gz"):
		var out bytes.Buffer
		compressed := gzip.NewWriter(&out)
		archive := tar.NewWriter(compressed)
		text := "#!/bin/sh\n"
		_ = archive.WriteHeader(&tar.Header{Name: "crictl", Mode: 0o755, Size: int64(len(text))})
		_, _ = archive.Write([]byte(text))
		_ = archive.Close()
		_ = compressed.Close()
		return out.Bytes()
	}
	return []byte("#!/bin/sh\n# " + path.Base(name) + "\n")
}

// lookups answers each lookup with "no such name", and notes the name.
func (r *running) lookups() error {
	server, err := net.ListenPacket("udp", "127.0.0.1:53") //nolint:noctx // of the test only
	if err != nil {
		return err
	}
	go func() {
		packet := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(packet)
			if err != nil {
				return
			}
			if n < 13 {
				continue
			}
			var name []string
			for at := 12; at < n && packet[at] != 0 && at+int(packet[at]) < n; at += int(packet[at]) + 1 {
				name = append(name, string(packet[at+1:at+1+int(packet[at])]))
			}
			r.mu.Lock()
			r.ran.Lookups = append(r.ran.Lookups, strings.Join(name, "."))
			r.mu.Unlock()
			packet[2], packet[3] = 0x81, 0x83
			_, _ = server.WriteTo(packet[:n], from)
		}
	}()
	return nil
}

// write writes the files of the profile, and the stand-ins.
func (r *running) write() error {
	for _, f := range r.Files {
		if !strings.HasPrefix(f.Path, "/etc/") && !strings.HasPrefix(f.Path, "/opt/") && !strings.HasPrefix(f.Path, "/usr/local/") {
			continue
		}
		if err := os.MkdirAll(path.Dir(f.Path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(f.Path, []byte(f.Content), 0o755); err != nil { //nolint:gosec // scripts
			return err
		}
	}
	for name, text := range standIns(r.OS) {
		if err := os.WriteFile("/run/stand-ins/"+name, []byte("#!/bin/bash\n"+text+"\n"), 0o755); err != nil { //nolint:gosec // scripts
			return err
		}
	}
	return nil
}

// standIns are programs of an operating system. Package managers read the files with their
// repositories, and fetch what these name.
func standIns(system string) map[string]string {
	all := map[string]string{
		"lsb_release": `case $1 in -si) echo Ubuntu ;; -cs) echo noble ;; *) echo 24.04 ;; esac`,
		"sudo":        `exec "$@"`,
		"gpg":         `while [ $# -gt 1 ]; do shift; done; cat > "$1"`,
		"jq":          `cat > /dev/null; echo e30=`,
		"cloud-init":  `echo "/usr/bin/cloud-init 24.1"`,
		"ip":          `echo "1: eth0 inet 192.0.2.10/24 via 192.0.2.1 dev eth0 src 192.0.2.10 scope global"`,
		"systemctl":   `[ "$1" != is-active ]`,
		"apt-get": `set -e
grep -hs '^deb ' /etc/apt/sources.list.d/*.list | sed 's/\[[^]]*\]//' | while read -r _ url suite _; do curl -fsS -o /dev/null "$url/dists/$suite/InRelease"; done`,
		"add-apt-repository": `while [ $# -gt 1 ]; do shift; done; echo "$1" > /etc/apt/sources.list.d/added.list`,
		"yum": `set -e
[ "$1" = config-manager ] && shift && exec yum-config-manager "$@"
cat /etc/yum.repos.d/*.repo 2>/dev/null | sed -n 's/^baseurl=//p' | sed 's/$releasever/8/; s/$basearch/x86_64/' | while read -r url; do curl -fsS -o /dev/null "$url/repodata/repomd.xml"; done
cat /etc/yum.repos.d/*.repo 2>/dev/null | sed -n 's/^gpgkey=//p' | while read -r url; do curl -fsS -o /dev/null "$url"; done`,
		"yum-config-manager":     `for a in "$@"; do case $a in --add-repo=*) curl -fsS -o /etc/yum.repos.d/added.repo "${a#--add-repo=}" ;; esac; done`,
		"update-ca-certificates": `cat /usr/local/share/ca-certificates/*.crt /etc/ssl/certs/kkp-mirror*.pem >> /etc/ssl/certs/ca-certificates.crt 2>/dev/null; true`,
		"update-ca-trust":        `cat /etc/pki/ca-trust/source/anchors/* >> /etc/ssl/certs/ca-certificates.crt`,
	}
	for _, name := range []string{
		"apt-mark", "sysctl", "modprobe", "modinfo", "hostnamectl", "reboot", "netplan", "setenforce", "swapoff", "restorecon", "udevadm", "subscription-manager", "rhsmcertd", "nmcli",
	} {
		all[name] = "true"
	}
	all["apt"], all["dnf"] = all["apt-get"], all["yum"]
	if system == "flatcar" { // has neither
		for _, name := range []string{"apt", "apt-get", "yum", "dnf"} {
			all[name] = "exit 1"
		}
	}
	return all
}

// script runs a script.
func (r *running) script(name string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", name)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/run/stand-ins:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"}
	if output, err := cmd.CombinedOutput(); err != nil {
		r.ran.Failed = fmt.Sprintf("%s: %v\n%s", name, err, output[max(0, len(output)-1500):])
	}
}
