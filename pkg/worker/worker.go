// Package worker runs jobs on untrusted input in processes of their own, such as rendering
// templates, which cannot be stopped. A process limits its own time and memory, and is
// killed if it exceeds its time; the size of an answer is limited. The package must not
// know the jobs.
package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Limits of a job, in addition to its time.
const (
	memory     = 320 << 20             // bytes in use; KKP's charts and addons need some tens of MiB
	ceiling    = 480 << 20             // bytes of mapped memory, where the system supports a limit
	stack      = 32 << 20              // bytes of a stack
	look       = 20 * time.Millisecond // time between two checks of the memory in use
	grace      = 2 * time.Second       // wait before a process is killed that has exceeded its time
	maxAnswer  = 32 << 20              // bytes
	maxMessage = 600                   // characters of an error
)

// Job is a kind of job with input Q and output A. It can return an answer together with an
// error.
type Job[Q, A any] struct {
	Name string        // identifies the job on both sides
	Time time.Duration // maximum time of one job
	Do   func(Q) (A, error)
}

// Run runs the job in a worker of the pool. Without a pool, it runs the job in this
// process, without limits.
func (j Job[Q, A]) Run(ctx context.Context, pool *Pool, question Q) (answer A, err error) {
	if pool == nil {
		return j.Do(question)
	}
	asked, err := json.Marshal(question)
	if err != nil {
		return answer, err
	}
	given, err := pool.ask(ctx, request{j.Name, asked}, j.Time)
	if len(given.Answer) > 0 {
		if failure := json.Unmarshal(given.Answer, &answer); failure != nil {
			return answer, fmt.Errorf("reading the answer of a worker: %w", failure)
		}
	}
	return answer, err
}

// Handler runs the jobs of one kind in a worker.
type Handler struct {
	name string
	time time.Duration
	do   func(json.RawMessage) (any, error)
}

// Handler returns the handler of the job for a worker.
func (j Job[Q, A]) Handler() Handler {
	return Handler{j.Name, j.Time, func(text json.RawMessage) (any, error) {
		var question Q
		if err := json.Unmarshal(text, &question); err != nil {
			return nil, err
		}
		return j.Do(question)
	}}
}

// request is a job on its way to a worker.
type request struct {
	Job      string          `json:"job"`
	Question json.RawMessage `json:"question"`
}

// response is the answer of a worker.
type response struct {
	Answer json.RawMessage `json:"answer,omitempty"`
	Error  string          `json:"error,omitempty"`
	Last   bool            `json:"last,omitempty"` // the worker exits
}
