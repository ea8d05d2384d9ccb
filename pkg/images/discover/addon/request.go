package addon

import (
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// Files are the templates of an addon, by their paths in the directory of all addons.
type Files map[string][]byte

// Split parts files into addons: each first directory is one, its files are those called
// *.yaml at any depth (kubermatic pkg/addon/addon.go, v2.31.0).
func Split(files map[string][]byte) map[string]Files {
	addons := map[string]Files{}
	for path, content := range files {
		name, rest, ok := strings.Cut(path, "/")
		if !ok || !strings.HasSuffix(rest, ".yaml") {
			continue
		}
		if addons[name] == nil {
			addons[name] = Files{}
		}
		addons[name][path] = content
	}
	return addons
}

// MaxRequest is how long answering a request may take; one that takes longer is given up by
// itself, and the rest of it with an error.
const MaxRequest = maxTime + 5*time.Second

// Request asks what an addon refers to. It is plain data, so that a worker can answer it.
type Request struct {
	Name       string      `json:"name"`
	Files      Files       `json:"files"`
	Renderings []Rendering `json:"renderings"`
}

// Rendering is for some clusters, with the variables that their addon has.
type Rendering struct {
	Clusters  ClusterSet     `json:"clusters"`
	Variables map[string]any `json:"variables,omitempty"`
}

// Reply has a result for each rendering, in their order.
type Reply struct {
	Results []Result `json:"results"`
}

// Result is what an addon refers to for some clusters, and what could not be rendered.
type Result struct {
	Needs    []ImageUse `json:"needs,omitempty"`
	Failures []Failure  `json:"failures,omitempty"`
}

// Answer answers a request, all of it within the time for one addon.
func Answer(q Request) (Reply, error) {
	a := New(q.Name, q.Files)
	deadline := time.Now().Add(maxTime)
	var reply Reply
	for _, r := range q.Renderings {
		needs, failures := a.render(r.Clusters, r.Variables, deadline)
		reply.Results = append(reply.Results, Result{needs, failures})
	}
	return reply, nil
}

// failureJSON is a failure with its error as text.
type failureJSON struct{ Subject, Error, Cluster string }

// MarshalJSON implements json.Marshaler.
func (f Failure) MarshalJSON() ([]byte, error) {
	return json.Marshal(failureJSON{f.Subject, f.Err.Error(), f.Cluster})
}

// UnmarshalJSON implements json.Unmarshaler.
func (f *Failure) UnmarshalJSON(text []byte) error {
	var found failureJSON
	err := json.Unmarshal(text, &found)
	f.Subject, f.Err, f.Cluster = found.Subject, errors.New(found.Error), found.Cluster
	return err
}
