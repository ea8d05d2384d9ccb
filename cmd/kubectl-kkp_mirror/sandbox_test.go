package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// sandboxWait bounds how long the sandbox may take to start, and to stop.
const sandboxWait = 3 * time.Minute

// sandbox is what the sandbox says when it is ready.
type sandbox struct {
	Kubeconfig string            `json:"kubeconfig"`
	Seeds      map[string]string `json:"seeds"`
	Users      map[string]string `json:"users"`
	Registries map[string]struct {
		Host     string `json:"host"`
		CAFile   string `json:"caFile"`
		Username string `json:"username"`
		Password string `json:"password"`
	} `json:"registries"`
	Upstream struct {
		Host        string `json:"host"`
		RegistryMap string `json:"registryMap"`
	} `json:"upstream"`
	DockerConfig string `json:"dockerConfig"`
}

// TestSandbox runs the scripts that need real API servers and registries. make test
// builds the sandbox and says where it is.
func TestSandbox(t *testing.T) {
	program := os.Getenv("KKP_MIRROR_SANDBOX")
	if program == "" {
		t.Skip("KKP_MIRROR_SANDBOX does not name the sandbox; make test builds it")
	}
	t.Setenv("PATH", os.Getenv("PATH")+string(os.PathListSeparator)+os.Getenv("KKP_MIRROR_BIN")) // this plugin, not the one that was built
	started := startSandbox(t, program)
	testscript.Run(t, testscript.Params{
		Dir:  filepath.Join("testdata", "sandbox"),
		Cmds: commands(),
		Setup: func(env *testscript.Env) error {
			for name, value := range started.variables() {
				env.Setenv(name, value)
			}
			return nil
		},
	})
}

// variables are what scripts know of the sandbox.
func (s sandbox) variables() map[string]string {
	env := map[string]string{
		"KUBECONFIG": s.Kubeconfig, "RESTRICTED": s.Users["restricted"], "FRANKFURT": s.Seeds["frankfurt"],
		"UPSTREAM": s.Upstream.Host, "MAP": s.Upstream.RegistryMap,
		"DOCKER_CONFIG": s.DockerConfig, "CA": s.Registries["tls"].CAFile,
	}
	for kind, variable := range map[string]string{"plain": "PLAIN", "tls": "TLS", "basic": "BASIC", "token": "TOKEN"} {
		env[variable] = s.Registries[kind].Host
	}
	return env
}

// startSandbox starts the sandbox, filled with everything that the plugin lists, and stops
// it when the test ends.
func startSandbox(t *testing.T, program string) sandbox {
	t.Helper()
	cmd := exec.Command(program, "--stop-on-stdin-eof", "--list-images", "kubectl-kkp_mirror images --all -o name")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopSandbox(t, cmd, stdin) })
	started := make(chan error, 1)
	var s sandbox
	go func() {
		line, err := bufio.NewReader(stdout).ReadBytes('\n')
		if err == nil {
			err = json.Unmarshal(line, &s)
		}
		started <- err
	}()
	select {
	case err := <-started:
		if err != nil {
			t.Fatal(fmt.Errorf("the sandbox did not start: %w", err))
		}
	case <-time.After(sandboxWait):
		t.Fatal("the sandbox was not ready in time")
	}
	return s
}

func stopSandbox(t *testing.T, cmd *exec.Cmd, stdin io.Closer) {
	t.Helper()
	timer := time.AfterFunc(sandboxWait, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	_ = stdin.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("the sandbox did not stop cleanly: %v", err)
	}
}
