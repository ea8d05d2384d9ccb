package hostile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// endless writes until the client closes the connection, or the server stops.
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

// stalled starts an answer and then sends nothing.
func stalled(w http.ResponseWriter, r *http.Request, done <-chan struct{}) {
	fmt.Fprint(w, `{"schemaVersion": 2,`)
	w.(http.Flusher).Flush()
	select {
	case <-r.Context().Done():
	case <-done:
	}
}

// later answers with a Retry-After of thirty years.
func later(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "1000000000")
	w.WriteHeader(http.StatusTooManyRequests)
}

// refused answers with an error whose message contains control characters.
func refused(w http.ResponseWriter) {
	message, _ := json.Marshal(Escapes) // a string can be encoded
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprintf(w, `{"errors": [{"code": "DENIED", "message": %s}]}`, message)
}
