package hostile

import (
	"fmt"
	"net/http"
	"strings"
)

// charts are repositories of Helm charts.
type charts struct {
	elsewhere string // a URL
	done      <-chan struct{}
}

// serve answers requests to the chart repository in the first part of a path:
//
//	away     redirects its clients to another server, with their credentials
//	endless  has an endless index
//	large    has an index of 60 MiB
//	later    asks to retry in thirty years
//	escapes  answers with errors that contain control characters
func (c charts) serve(w http.ResponseWriter, r *http.Request, path string) {
	switch kind, _, _ := strings.Cut(path, "/"); kind {
	case "away":
		http.Redirect(w, r, c.elsewhere+r.URL.Path, http.StatusTemporaryRedirect)
	case "endless":
		endless(w, c.done, "apiVersion: v1\nentries:\n", "  a: [{name: a, version: 1.0.0}]\n")
	case "large":
		fmt.Fprint(w, "apiVersion: v1\nentries:\n  echo:\n")
		line := "  - {name: echo, version: 1.0.0, urls: [a], keywords: [" + strings.Repeat("k, ", 1<<10) + "k]}\n"
		for range (60 << 20) / len(line) {
			fmt.Fprint(w, line)
		}
	case "later":
		later(w)
	case "escapes":
		refused(w)
	default:
		http.NotFound(w, r)
	}
}
