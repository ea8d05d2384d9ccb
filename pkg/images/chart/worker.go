package chart

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// What a rendering may take in a worker. KKP's largest chart takes a fraction of a second
// and some tens of MiB.
const (
	renderTime   = 10 * time.Second
	renderMemory = 1 << 30
	renderStack  = 32 << 20
	renderLook   = 20 * time.Millisecond // how often the memory is looked at
	graceTime    = 2 * time.Second       // after which a worker that should have given up is killed
)

// request is a rendering, as it is sent to a worker.
type request struct {
	Files         []file          `json:"files,omitempty"`
	Stored        json.RawMessage `json:"stored,omitempty"`
	Values        map[string]any  `json:"values"`
	KeepOverrides bool            `json:"keepOverrides"`
	Texts         bool            `json:"texts,omitempty"` // not what they refer to
	Target        Target          `json:"target"`
}

// reply is what comes of a request.
type reply struct {
	Result Result            `json:"result"`
	Texts  map[string]string `json:"texts,omitempty"`
}

// answer renders.
func (q request) answer() (reply, error) {
	c := &Chart{files: q.Files, stored: q.Stored}
	if q.Texts {
		texts, err := c.plainTexts(q.Values, q.Target)
		return reply{Texts: texts}, err
	}
	result, err := renderSettled(c, q.Values, q.KeepOverrides, q.Target)
	return reply{Result: result}, err
}

// response is what a worker answers.
type response struct {
	reply
	Error   string   `json:"error,omitempty"`
	Missing []string `json:"missing,omitempty"` // of a MissingError
	Last    bool     `json:"last,omitempty"`    // the worker gives up
}

// Serve renders what is asked for on in, one JSON document after the other, and answers
// on out. A template that takes too long or too much cannot be stopped, so Serve then
// answers and returns: its process must end, and the template with it.
func Serve(in io.Reader, out io.Writer) error {
	debug.SetMaxStack(renderStack)
	requests, responses := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var q request
		if err := requests.Decode(&q); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		answer := serve(q)
		if err := responses.Encode(answer); err != nil || answer.Last {
			return err
		}
	}
}

// serve renders within the limits.
func serve(q request) response {
	done := make(chan response, 1)
	go func() {
		result, err := q.answer()
		answer := response{reply: result}
		var missing *MissingError
		if errors.As(err, &missing) {
			answer.Missing = missing.Subcharts
		} else if err != nil {
			answer.Error = brieflyPut(err.Error())
		}
		done <- answer
	}()
	late := time.After(renderTime)
	look := time.NewTicker(renderLook)
	defer look.Stop()
	for {
		select {
		case answer := <-done:
			return answer
		case <-late:
			return response{Last: true, Error: fmt.Sprintf("it was not rendered after %s, and was given up", renderTime)}
		case <-look.C:
			if memory() > renderMemory {
				return response{Last: true, Error: fmt.Sprintf("it takes more than %d MiB to render, and was given up", renderMemory>>20)}
			}
		}
	}
}

// memory is what the process has in use, in bytes.
func memory() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64() + sample[1].Value.Uint64()
}

// brieflyPut shortens the errors of templates that include each other, which repeat
// themselves at each level: what is wrong comes last.
func brieflyPut(text string) string {
	const most = 600
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most/3]) + " … " + string(runes[len(runes)-most*2/3:])
}

// worker is a process that renders.
type worker struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// startWorker starts a process without this one's environment, which is none of a
// template's business.
func startWorker(program []string) (*worker, error) {
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
	return &worker{cmd: cmd, in: in, out: bufio.NewReader(out)}, cmd.Start()
}

// stop ends the process.
func (w *worker) stop() {
	_ = w.in.Close()
	_ = w.cmd.Process.Kill() // it has nothing left to do
	_ = w.cmd.Wait()
}

// ask lets the worker render. The worker can be asked again only if it is reusable.
func (w *worker) ask(ctx context.Context, q request) (result reply, reusable bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, renderTime+graceTime)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = w.cmd.Process.Kill() })
	defer stop()
	if err = json.NewEncoder(w.in).Encode(q); err == nil {
		var answer response
		var line []byte
		if line, err = w.out.ReadBytes('\n'); err == nil {
			err = json.Unmarshal(line, &answer)
		}
		if err == nil {
			return answer.reply, !answer.Last, answer.err()
		}
	}
	if ctx.Err() != nil {
		return reply{}, false, ctx.Err()
	}
	return reply{}, false, errors.New("rendering it made the template engine break down")
}

func (r response) err() error {
	switch {
	case len(r.Missing) > 0:
		return &MissingError{r.Missing}
	case r.Error != "":
		return errors.New(r.Error)
	}
	return nil
}
