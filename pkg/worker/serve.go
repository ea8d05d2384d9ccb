package worker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"time"
)

// Serve runs the jobs that it reads from in as JSON documents, one after the other, and
// writes answers to out. A job that exceeds its time or memory cannot be stopped: Serve
// then answers and returns, and its process must exit.
func Serve(in io.Reader, out io.Writer, handlers ...Handler) error {
	debug.SetMaxStack(stack)
	if err := limit(ceiling); err != nil {
		return fmt.Errorf("limiting the memory of a worker: %w", err)
	}
	requests, responses := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var q request
		if err := requests.Decode(&q); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		answer := q.serve(handlers)
		if err := responses.Encode(answer); err != nil || answer.Last {
			return err
		}
	}
}

// serve runs a job within the limits.
func (q request) serve(handlers []Handler) response {
	i := slices.IndexFunc(handlers, func(h Handler) bool { return h.name == q.Job })
	if i < 0 {
		return response{Error: fmt.Sprintf("the worker does not know the job %q", q.Job)}
	}
	done := make(chan response, 1)
	go func() { done <- handlers[i].answer(q.Question) }()
	late := time.After(handlers[i].time)
	ticks := time.NewTicker(look)
	defer ticks.Stop()
	for {
		select {
		case answer := <-done:
			return answer
		case <-late:
			return response{Last: true, Error: tooLate(handlers[i].time).Error()}
		case <-ticks.C:
			if inUse() > memory {
				return response{Last: true, Error: fmt.Sprintf("rendering takes more than %d MiB, and was stopped", memory>>20)}
			}
		}
	}
}

func tooLate(limit time.Duration) error {
	return fmt.Errorf("rendering takes more than %s, and was stopped", limit)
}

// answer runs a job. A panic is returned as an error.
func (h Handler) answer(question json.RawMessage) (r response) {
	defer func() {
		if p := recover(); p != nil {
			r = response{Error: briefly(fmt.Sprintf("the template engine panicked: %v", p))}
		}
	}()
	answer, err := h.do(question)
	if err != nil {
		r.Error = briefly(err.Error())
	}
	text, err := json.Marshal(answer)
	switch {
	case err != nil:
		return response{Error: briefly(err.Error())}
	case len(text) > maxAnswer:
		return response{Error: fmt.Sprintf("the rendered text is larger than %d MiB", maxAnswer>>20)}
	}
	r.Answer = text
	return r
}

// inUse returns the memory in use in bytes.
func inUse() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64() + sample[1].Value.Uint64()
}

// briefly shortens the errors of recursive templates, which repeat one text per level. The
// cause is at the end.
func briefly(text string) string {
	runes := []rune(text)
	if len(runes) <= maxMessage {
		return text
	}
	return string(runes[:maxMessage/3]) + " … " + string(runes[len(runes)-maxMessage*2/3:])
}
