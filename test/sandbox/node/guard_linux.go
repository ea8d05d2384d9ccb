package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const (
	healthTimeout  = time.Minute
	healthInterval = 50 * time.Millisecond
)

// Guard runs a node until the context or stdin ends, and leaves nothing of the node behind. When the node runs, Guard writes
// a Line to stdout. When nothing of the node is left, Guard closes stdout. Then it waits for the end of stdin, which says
// that the sandbox has stopped or was killed, and removes options.AlsoRemove.
// program is the program that calls Init when its first argument is "init" and its second is the options as JSON.
func Guard(ctx context.Context, program string, options Options, stdin io.Reader, stdout io.WriteCloser) (err error) {
	if err := Missing(options.Programs); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	released := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, stdin)
		close(released)
		cancel(nil)
	}()

	ports, err := freePorts()
	if err != nil {
		return err
	}
	options.Group = fmt.Sprintf("kkp-node-%d", os.Getpid())
	defer func() {
		err = errors.Join(err, removeGroups(options.Group), os.RemoveAll(options.Dir), stdout.Close())
		if options.AlsoRemove != "" {
			<-released
			err = errors.Join(err, os.RemoveAll(options.AlsoRemove))
		}
	}()
	if err := options.write(ports); err != nil {
		return err
	}
	if err := makeGroups(options.Group); err != nil {
		return err
	}
	initial, err := startInit(program, options)
	if err != nil {
		return err
	}
	defer initial.stop()
	go func() {
		<-initial.ended
		cancel(initial.err())
	}()

	if err := healthy(ctx, ports.Health); err != nil {
		return fmt.Errorf("waiting for the kubelet: %w\n%s", err, options.lastLines())
	}
	if err := json.NewEncoder(stdout).Encode(Line{Name: Name, Containerd: filepath.Join(options.Dir, socketName), Dir: options.Dir}); err != nil {
		return err
	}
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return fmt.Errorf("the node ended: %w\n%s", cause, options.lastLines())
	}

	return nil
}

// firstProcess is the process that calls Init.
type firstProcess struct {
	command *exec.Cmd
	stdin   io.Closer
	ended   chan struct{}
	result  error // to be read after ended is closed
}

func startInit(program string, options Options) (*firstProcess, error) {
	encoded, err := json.Marshal(options)
	if err != nil {
		return nil, err
	}
	command := exec.Command(program, "init", string(encoded))
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID}
	stdin, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	initial := &firstProcess{command: command, stdin: stdin, ended: make(chan struct{})}
	go func() {
		defer close(initial.ended)
		initial.result = command.Wait() // returns after the last process of the namespace has ended
	}()

	return initial, nil
}

func (p *firstProcess) err() error {
	return errors.Join(errors.New("its first process is gone"), p.result)
}

// stop ends the node at once and waits for the end.
func (p *firstProcess) stop() {
	_ = p.command.Process.Kill() // an error means that it has ended
	<-p.ended
	_ = p.stdin.Close()
}

// healthy waits for the kubelet to answer.
func healthy(ctx context.Context, port int) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	address := fmt.Sprintf("http://127.0.0.1:%d/healthz", port)
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(healthInterval):
		}
	}
}
