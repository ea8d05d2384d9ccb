package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"time"
)

// The makes of real registries that a scenario can copy to.
const (
	dockerRegistry = "docker-registry 2.8" // Debian's package
	distribution   = "distribution v3"     // that of the sandbox
)

// startTime bounds how long a registry may take to start.
const startTime = 30 * time.Second

// programOf returns the program of a make, or "" if it is not installed.
func programOf(registry string) string {
	candidates := []string{"docker-registry", "bin/debian/usr/bin/docker-registry"} // .ci/run unpacks the second
	if registry == distribution {
		candidates = []string{os.Getenv("KKP_MIRROR_SANDBOX"), "bin/sandbox"}
	}
	for _, name := range candidates {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	return ""
}

// process is a registry in a process of its own.
type process struct {
	dir  string
	cmd  *exec.Cmd
	host string
}

// startProcess starts an empty registry of a make.
func startProcess(kind string) (*process, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	r := &process{dir: dir}
	if kind == distribution {
		err = r.startDistribution(programOf(kind))
	} else {
		err = r.startDocker(programOf(kind))
	}
	if err != nil {
		r.stop()
		return nil, fmt.Errorf("%s: %w", kind, err)
	}
	return r, nil
}

func (r *process) startDocker(program string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	r.host = listener.Addr().String()
	if err := listener.Close(); err != nil {
		return err
	}
	config := fmt.Sprintf("version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: %q}}\nhttp: {addr: %q}\n", filepath.Join(r.dir, "storage"), r.host)
	file := filepath.Join(r.dir, "config.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return err
	}
	r.cmd = exec.Command(program, "serve", file)
	if err := r.cmd.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(startTime); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get("http://" + r.host + "/v2/")
		if err == nil {
			return resp.Body.Close()
		}
	}
	return errors.New("no answer")
}

func (r *process) startDistribution(program string) error {
	r.cmd = exec.Command(program, "-registry", r.dir)
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := r.cmd.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		return err
	}
	var ready struct{ Host string }
	err = json.Unmarshal(line, &ready)
	r.host = ready.Host
	return err
}

// stop ends the process, and removes its storage.
func (r *process) stop() {
	if r.cmd != nil && r.cmd.Process != nil {
		_ = r.cmd.Process.Kill()
		_ = r.cmd.Wait() // it was killed
	}
	_ = os.RemoveAll(r.dir)
}

// proxy returns a handler that passes requests to the registry, and counts them.
func (r *process) proxy(requests *atomic.Int64) http.Handler {
	at := &url.URL{Scheme: "http", Host: r.host}
	through := &httputil.ReverseProxy{
		Transport: &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true},
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(at)
			p.Out.Host = p.In.Host // the registry makes the addresses of uploads from this host
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path != "/v2/" {
			requests.Add(1)
		}
		through.ServeHTTP(w, req)
	})
}
