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

// Pool has processes that work, as many as are asked at the same time. It is safe for
// concurrent use.
type Pool struct {
	program []string

	mu   sync.Mutex
	idle []*process
}

// NewPool returns a pool of processes that run a program, with its arguments, which calls
// Serve.
func NewPool(program ...string) *Pool { return &Pool{program: program} }

// Close ends the processes that are idle. A pool that is used again is to be closed again.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, idle := range p.idle {
		idle.stop()
	}
	p.idle = nil
}

// ask has a process do a job.
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

// take returns a process that is idle, or a new one.
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

// give takes a process back, if it can be asked again.
func (p *Pool) give(w *process, reusable bool) {
	if !reusable {
		w.stop()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, w)
}

// process is a process that works.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// start starts a process without this one's environment, which is none of a template's
// business.
func start(program []string) (*process, error) {
	cmd := exec.Command(program[0], program[1:]...) //nolint:gosec // it is this program
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
	_ = w.cmd.Process.Kill() // it has nothing left to do
	_ = w.cmd.Wait()
}

// ask lets the process work. After an error, it cannot be asked again.
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
	return response{}, fmt.Errorf("rendering it made the template engine break down, or takes more than %d MiB at once", ceiling>>20)
}

// read reads an answer, which is a line.
func (w *process) read() (answer response, err error) {
	const room = 1 << 10 // for what is around the answer itself
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
