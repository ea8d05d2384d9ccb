package worker

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// Pool is a pool of worker processes, one for each concurrent job. It is safe for
// concurrent use.
type Pool struct {
	program []string

	mu   sync.Mutex
	idle []*process
}

// NewPool returns a pool of processes. program is a command with arguments that calls
// Serve.
func NewPool(program ...string) *Pool { return &Pool{program: program} }

// Close ends idle processes. A pool that is used after Close must be closed again.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, idle := range p.idle {
		idle.stop()
	}
	p.idle = nil
}

// ask runs a job in a process of the pool.
func (p *Pool) ask(ctx context.Context, q request, limit time.Duration) (response, error) {
	w, err := p.take()
	if err != nil {
		return response{}, err
	}
	answer, err := w.ask(ctx, q, limit)
	p.give(w, err == nil && !answer.Last)
	if err == nil && answer.Error != "" {
		err = errors.New(answer.Error)
	}
	return answer, err
}

// take returns an idle process, or starts one.
func (p *Pool) take() (*process, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.idle); n > 0 {
		w := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return w, nil
	}
	return start(p.program)
}

// give returns a process to the pool or, if it is not reusable, ends it.
func (p *Pool) give(w *process, reusable bool) {
	if !reusable {
		w.stop()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, w)
}

// process is a worker process.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// start starts a process with an empty environment, so that templates cannot read the
// environment of the plugin.
func start(program []string) (*process, error) {
	cmd := exec.Command(program[0], program[1:]...) //nolint:gosec // the program is this plugin
	cmd.Env = []string{"SYSTEMROOT=" + os.Getenv("SYSTEMROOT")}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &process{cmd: cmd, in: in, out: bufio.NewReader(out)}, cmd.Start()
}

// stop ends the process.
func (w *process) stop() {
	_ = w.in.Close()
	_ = w.cmd.Process.Kill() // it has no state to save
	_ = w.cmd.Wait()
}

// ask sends a job to the process and returns the answer. After an error, the process must
// not be used again.
func (w *process) ask(ctx context.Context, q request, limit time.Duration) (answer response, err error) {
	bounded, cancel := context.WithTimeout(ctx, limit+grace)
	defer cancel()
	stop := context.AfterFunc(bounded, func() { _ = w.cmd.Process.Kill() })
	defer stop()
	if err = json.NewEncoder(w.in).Encode(q); err == nil {
		answer, err = w.read()
	}
	switch {
	case err == nil:
		return answer, nil
	case ctx.Err() != nil:
		return response{}, ctx.Err()
	case bounded.Err() != nil:
		return response{}, tooLate(limit)
	}
	return response{}, fmt.Errorf("rendering crashed the template engine, or takes more than %d MiB at once", ceiling>>20)
}

// read reads an answer: one line.
func (w *process) read() (answer response, err error) {
	const room = 1 << 10 // for the envelope of the answer
	var line []byte
	for {
		part, err := w.out.ReadSlice('\n')
		if line = append(line, part...); len(line) > maxAnswer+room+maxMessage*12 {
			return response{}, errors.New("the answer is too long")
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			if err != nil {
				return response{}, err
			}
			return answer, json.Unmarshal(line, &answer)
		}
	}
}
