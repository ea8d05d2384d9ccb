package addon

import (
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// Files are the templates of an addon, by path in the directory of all addons.
type Files map[string][]byte

// Split groups files by addon: each directory at the top level is an addon, with its files *.yaml
// at any depth (kubermatic pkg/addon/addon.go, v2.31.0).
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

// MaxRequest bounds the time for a request. Answer itself stops before, with an error for the
// renderings that are not done.
const MaxRequest = maxTime + 5*time.Second

// Request asks for the image references of an addon. It is plain data, for a worker.
type Request struct {
	Name       string      `json:"name"`
	Files      Files       `json:"files"`
	Renderings []Rendering `json:"renderings"`
}

// Rendering is a rendering for a set of clusters with the same variables.
type Rendering struct {
	Clusters  ClusterSet     `json:"clusters"`
	Variables map[string]any `json:"variables,omitempty"`
}

// Reply has a result for each rendering, in order.
type Reply struct {
	Results []Result `json:"results"`
}

// Result is the image references and the failures of one rendering.
type Result struct {
	Needs    []ImageUse `json:"needs,omitempty"`
	Failures []Failure  `json:"failures,omitempty"`
}

// Answer answers a request within the time limit for one addon.
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
