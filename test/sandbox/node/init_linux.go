package node

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	socketTimeout  = time.Minute
	socketInterval = 20 * time.Millisecond
)

// Init is the first process of the node's namespaces: it makes the mounts, starts containerd and the kubelet, and returns
// when one of them ends. All others end with it, also when stdin ends, which is the end of the guard.
func Init(options Options, stdin io.Reader) error {
	go func() {
		_, _ = io.Copy(io.Discard, stdin)
		os.Exit(0) //nolint:revive,forbidigo // all else ends with this process, and nothing is to be done first
	}()
	if err := options.mount(); err != nil {
		return err
	}

	children := children{}
	if err := children.start(options, "containerd", "--config", filepath.Join(inside, "containerd.toml")); err != nil {
		return err
	}
	if err := children.await(socket); err != nil {
		return err
	}
	root := filepath.Join(inside, "kubelet")
	err := children.start(options, "kubelet", "--config", filepath.Join(inside, "kubelet.yaml"), "--kubeconfig", options.Kubeconfig,
		"--hostname-override", Name, "--root-dir", root, "--cert-dir", filepath.Join(root, "pki"), "--v=2")
	if err != nil {
		return err
	}
	for {
		if err := children.reap(0); err != nil {
			return err
		}
	}
}

// children are the names of the processes that must not end, by their number.
type children map[int]string

// start starts a program that logs to a file.
func (c children) start(o Options, name string, arguments ...string) error {
	log, err := os.OpenFile(filepath.Join(inside, name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer null.Close()

	process, err := os.StartProcess(filepath.Join(o.Programs, name), append([]string{name}, arguments...), &os.ProcAttr{
		Env: o.environment(), Files: []*os.File{null, log, log},
	})
	if err != nil {
		return fmt.Errorf("starting %s: %w", name, err)
	}
	c[process.Pid] = name

	return nil
}

// await waits for a socket.
func (c children) await(path string) error {
	for deadline := time.Now().Add(socketTimeout); time.Now().Before(deadline); time.Sleep(socketInterval) {
		if _, err := os.Stat(path); err == nil {
			return nil
		}
		if err := c.reap(syscall.WNOHANG); err != nil {
			return err
		}
	}

	return fmt.Errorf("%s was not there within %s", path, socketTimeout)
}

// reap waits for a process of the namespace, all of which end up here when they lose their parent. It is an error if one of
// the children ended.
func (c children) reap(options int) error {
	var status syscall.WaitStatus
	pid, err := syscall.Wait4(-1, &status, options, nil)
	switch {
	case errors.Is(err, syscall.EINTR):
		return nil
	case err != nil:
		return err
	case c[pid] != "":
		return fmt.Errorf("%s ended with status %d", c[pid], status.ExitStatus())
	}

	return nil
}

// environment is what the node's programs find. HTTP clients written in Go never ask a proxy about loopback.
func (o Options) environment() []string {
	environment := []string{"PATH=" + o.Programs + ":/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + inside, "TMPDIR=" + inside}
	proxy := o.Settings.HTTPProxy
	if proxy == "" {
		proxy = o.Proxy
	}
	if proxy != "" {
		environment = append(environment, "HTTP_PROXY="+proxy, "HTTPS_PROXY="+proxy, "NO_PROXY="+o.Settings.NoProxy)
	}
	if o.CAFile != "" {
		environment = append(environment, "SSL_CERT_FILE="+o.CAFile)
	}

	return environment
}
