package main

import (
	"encoding/json"
	"io"
	"strings"
	"sync"
	"time"
)

// recorder writes what it is given as a recording of a terminal, asciicast v2
// (docs.asciinema.org/manual/asciicast/v2): a header, and an event for each text, one JSON value per
// line.
type recorder struct {
	mu    sync.Mutex
	out   *json.Encoder
	start time.Time
}

// header is the first line of a recording. Pauses that are longer than Idle seconds are cut.
type header struct {
	Version int     `json:"version"`
	Width   int     `json:"width"`
	Height  int     `json:"height"`
	Idle    float64 `json:"idle_time_limit"`
	Title   string  `json:"title"`
}

func newRecorder(out io.Writer) (*recorder, error) {
	r := &recorder{out: json.NewEncoder(out), start: time.Now()}
	r.out.SetEscapeHTML(false)
	return r, r.out.Encode(header{Version: 2, Width: 180, Height: 48, Idle: 2, Title: "kubectl kkp-mirror: make demo"})
}

// Write implements io.Writer.
func (r *recorder) Write(text []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := float64(time.Since(r.start).Milliseconds()) / 1000
	err := r.out.Encode([]any{at, "o", strings.ReplaceAll(string(text), "\n", "\r\n")})
	return len(text), err
}
