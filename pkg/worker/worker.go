// Package worker lets processes of their own do what is done with texts that others wrote:
// rendering templates, above all, which cannot be stopped. A process gives up after some
// time or memory, and is killed if it does not; an answer has a size that it cannot exceed.
// It must not know what the work is.
package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// What work may take, beside its time.
const (
	memory     = 320 << 20             // bytes in use; what KKP ships takes some tens of MiB
	ceiling    = 480 << 20             // bytes, where the system can hold a process to it
	stack      = 32 << 20              // bytes of a stack
	look       = 20 * time.Millisecond // how often the memory is looked at
	grace      = 2 * time.Second       // after which a process that should have given up is killed
	maxAnswer  = 32 << 20              // bytes
	maxMessage = 600                   // characters of an error
)

// Job is a kind of work: a question Q, and an answer A. An answer can come with an error.
type Job[Q, A any] struct {
	Name string        // which tells both sides what is meant
	Time time.Duration // that an answer may take
	Do   func(Q) (A, error)
}

// Run has a worker of the pool do the job. Without a pool, it is done in this process,
// without bounds.
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
			return answer, fmt.Errorf("the answer of a worker: %w", failure)
		}
	}
	return answer, err
}

// Handler does the jobs of a kind in a worker.
type Handler struct {
	name string
	time time.Duration
	do   func(json.RawMessage) (any, error)
}

// Handler does the job in a worker.
func (j Job[Q, A]) Handler() Handler {
	return Handler{j.Name, j.Time, func(text json.RawMessage) (any, error) {
		var question Q
		if err := json.Unmarshal(text, &question); err != nil {
			return nil, err
		}
		return j.Do(question)
	}}
}

// request is a job, as it is sent to a worker.
type request struct {
	Job      string          `json:"job"`
	Question json.RawMessage `json:"question"`
}

// response is what a worker answers.
type response struct {
	Answer json.RawMessage `json:"answer,omitempty"`
	Error  string          `json:"error,omitempty"`
	Last   bool            `json:"last,omitempty"` // the worker gives up
}
