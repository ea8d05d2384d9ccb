// Package e2e tries the sandbox as its users do: it starts the program, and looks at it through clients.
package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/ready"
)

const (
	buildTimeout = 15 * time.Minute
	startTimeout = 2 * time.Minute
	stopTimeout  = 30 * time.Second
)

// program is a running sandbox. All its files are in a directory of its own, so that leftovers show.
type program struct {
	command *exec.Cmd
	stdin   io.Closer
	stdout  *bufio.Reader
	stderr  bytes.Buffer
	tmp     string
	exited  chan error
}

func TestSandbox(t *testing.T) {
	binary := build(t)

	t.Run("it works and leaves nothing behind", func(t *testing.T) {
		images := filepath.Join(t.TempDir(), "images")
		if err := os.WriteFile(images, []byte("alpine:3.20\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		sandbox := start(t, binary, "--images", images, "--list-images", `test -s "$KUBECONFIG" && echo quay.io/kubermatic/addons:v2.31.0`)
		line := sandbox.ready(t)

		t.Run("clusters", func(t *testing.T) { checkClusters(t, line) })
		t.Run("patching", func(t *testing.T) { checkPatching(t, line) })
		t.Run("registries", func(t *testing.T) { checkRegistries(t, line) })
		t.Run("upstream", func(t *testing.T) { checkUpstream(t, line) })

		sandbox.end(t)
	})

	t.Run("it can be an older KKP", func(t *testing.T) {
		sandbox := start(t, binary, "--generation", "2.28")
		checkGeneration(t, sandbox.ready(t), "v2.28.13", "containerRuntimeOpts", "catalogManager")
		sandbox.end(t)
	})

	t.Run("it can have more user clusters", func(t *testing.T) {
		sandbox := start(t, binary, "--clusters", "3", "--api-latency", "50ms")
		checkMoreClusters(t, sandbox.ready(t))
		sandbox.end(t)
	})

	t.Run("it can be without an installation", func(t *testing.T) {
		sandbox := start(t, binary, "--empty")
		checkEmpty(t, sandbox.ready(t))
		sandbox.end(t)
	})

	t.Run("it takes other definitions", func(t *testing.T) {
		dir := filepath.Join("..", "..", "..", "..", "shared", "kkp", "crds")
		if named := os.Getenv("KKP_CRDS"); named != "" {
			dir = named
		}
		if _, err := os.Stat(dir); err != nil {
			t.Skipf("KKP_CRDS does not name a directory with KKP's definitions: %v", err)
		}
		for generation, release := range map[string]string{"2.28": "v2.28.13", "2.31": "v2.31.0"} {
			sandbox := start(t, binary, "--generation", generation, "--crds", filepath.Join(dir, release))
			checkReleased(t, sandbox.ready(t), release)
			sandbox.end(t)
		}
	})

	t.Run("it fails when images cannot be listed", func(t *testing.T) {
		sandbox := start(t, binary, "--list-images", "exit 7")
		if err := sandbox.wait(t); err == nil {
			t.Error("it succeeded")
		}
		if got := sandbox.stderr.String(); !strings.Contains(got, "exit 7") {
			t.Errorf("stderr: %s", got)
		}
		sandbox.checkGone(t)
	})

	t.Run("it stops with its parent, even while it starts", func(t *testing.T) {
		sandbox := start(t, binary, "--stop-on-stdin-eof", "--list-images", "sleep 1000")
		time.Sleep(time.Second)
		if err := sandbox.stdin.Close(); err != nil {
			t.Fatal(err)
		}
		if err := sandbox.wait(t); err == nil {
			t.Error("an interrupted start succeeded")
		}
		sandbox.checkGone(t)
	})
}

// build returns the program under test: $SANDBOX, or one built as build.sh does.
func build(t *testing.T) string {
	t.Helper()
	if binary := os.Getenv("SANDBOX"); binary != "" {
		return binary
	}
	ctx, cancel := context.WithTimeout(t.Context(), buildTimeout)
	defer cancel()

	flags, err := exec.CommandContext(ctx, "../build.sh", "--ldflags").Output()
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "sandbox")
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-p", "2", "-ldflags", strings.TrimSpace(string(flags)), "-o", binary, "../cmd/sandbox")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}

	return binary
}

// start starts the program in a process group of its own, which is killed if the test does not get to stop it.
func start(t *testing.T, binary string, args ...string) *program {
	t.Helper()
	sandbox := &program{command: exec.Command(binary, args...), tmp: t.TempDir(), exited: make(chan error, 1)}
	sandbox.command.Env = append(os.Environ(), "TMPDIR="+sandbox.tmp)
	sandbox.command.Stderr = &sandbox.stderr
	sandbox.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := sandbox.command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	sandbox.command.Stdout = writer
	sandbox.stdin, sandbox.stdout = stdin, bufio.NewReader(reader)

	if err := sandbox.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Kill(-sandbox.command.Process.Pid, syscall.SIGKILL); err == nil {
			t.Error("the program had to be killed")
		}
	})
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	go func() { sandbox.exited <- sandbox.command.Wait() }()

	return sandbox
}

// ready returns the line that the program prints.
func (p *program) ready(t *testing.T) ready.Line {
	t.Helper()
	lines := make(chan string, 1)
	go func() {
		line, err := p.stdout.ReadString('\n')
		if err != nil {
			line = err.Error()
		}
		lines <- line
	}()

	select {
	case text := <-lines:
		line := ready.Line{}
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%v: %s\n%s", err, text, p.stderr.String())
		}
		return line
	case <-time.After(startTimeout):
		t.Fatal("not ready in time")
		return ready.Line{}
	}
}

func (p *program) signal(t *testing.T, signal os.Signal) {
	t.Helper()
	if err := p.command.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
}

// end stops the program, which must leave nothing behind.
func (p *program) end(t *testing.T) {
	t.Helper()
	p.signal(t, syscall.SIGTERM)
	if err := p.wait(t); err != nil {
		t.Errorf("after SIGTERM: %v\n%s", err, p.stderr.String())
	}
	if rest, err := io.ReadAll(p.stdout); len(rest) > 0 || err != nil {
		t.Errorf("more on stdout: %q %v", rest, err)
	}
	p.checkGone(t)
}

// wait returns how the program exited.
func (p *program) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-p.exited:
		return err
	case <-time.After(startTimeout + stopTimeout):
		t.Fatal("it does not exit")
		return nil
	}
}

// checkGone finds leftover files and processes.
func (p *program) checkGone(t *testing.T) {
	t.Helper()
	entries, err := os.ReadDir(p.tmp)
	if err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v %v", entries, err)
	}
	if err := syscall.Kill(-p.command.Process.Pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("processes are left: %v", err)
	}
}
