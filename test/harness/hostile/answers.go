package hostile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// endless writes until nobody reads any more, and at most for as long as the server runs.
func endless(w http.ResponseWriter, done <-chan struct{}, start, again string) {
	_, err := io.WriteString(w, start)
	block := bytes.Repeat([]byte(again), 1+(64<<10)/len(again))
	for err == nil {
		select {
		case <-done:
			return
		default:
			_, err = w.Write(block)
		}
	}
}

// stalled begins an answer and goes no further.
func stalled(w http.ResponseWriter, r *http.Request, done <-chan struct{}) {
	fmt.Fprint(w, `{"schemaVersion": 2,`)
	w.(http.Flusher).Flush()
	select {
	case <-r.Context().Done():
	case <-done:
	}
}

// later wants nobody back for thirty years.
func later(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "1000000000")
	w.WriteHeader(http.StatusTooManyRequests)
}

// refused is an error of a registry whose message is more than text.
func refused(w http.ResponseWriter) {
	message, _ := json.Marshal(Escapes) // a string can be marshalled
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprintf(w, `{"errors": [{"code": "DENIED", "message": %s}]}`, message)
}
