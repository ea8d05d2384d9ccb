package chart

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/worker"
)

// renderTime bounds a rendering. KKP's largest chart takes a fraction of a second.
const renderTime = 10 * time.Second

// Job is the rendering job of workers.
func Job() worker.Job[Request, Reply] {
	return worker.Job[Request, Reply]{Name: "chart", Time: renderTime, Do: Request.answer}
}

// Request is a request to a worker.
type Request struct {
	Want          want            `json:"want"`
	Files         []file          `json:"files,omitempty"`
	Stored        json.RawMessage `json:"stored,omitempty"`
	Values        map[string]any  `json:"values"`
	KeepOverrides bool            `json:"keepOverrides,omitempty"`
	Target        ReleaseOptions  `json:"target"`
	Manifests     []string        `json:"manifests,omitempty"` // the installed manifests
}

// want is the kind of a request.
type want int

const (
	wantResult    want = iota // the image references
	wantTexts                 // the rendered templates
	wantLacking               // the missing subcharts
	wantInstalled             // the image references of the installed manifests
)

// Reply is the answer to a request.
type Reply struct {
	Result  Result            `json:"result"`
	Texts   map[string]string `json:"texts,omitempty"`
	Lacking []Source          `json:"lacking,omitempty"`
	Missing []string          `json:"missing,omitempty"` // of a MissingError
	Name    string            `json:"name,omitempty"`    // of the chart stored with a release
	Version string            `json:"version,omitempty"`

	// Overridden reports whether values of the release change repositories.
	Overridden bool `json:"overridden,omitempty"`
}

// answer answers a request.
func (q Request) answer() (reply Reply, err error) {
	c := &Chart{files: q.Files, stored: q.Stored}
	switch q.Want {
	case wantTexts:
		reply.Texts, err = c.plainTexts(q.Values, q.Target)
	case wantInstalled:
		reply, err = q.installed()
	case wantLacking:
		reply.Lacking, err = c.lacking(q.Values)
	default:
		reply.Result, err = renderUpstream(c, q.Values, q.KeepOverrides, q.Target)
	}
	var missing *MissingError
	if errors.As(err, &missing) {
		reply.Missing, err = missing.Subcharts, nil
	}
	return reply, err
}

// request returns a request about the chart.
func (c *Chart) request(want want, values map[string]any, target ReleaseOptions) Request {
	return Request{Want: want, Files: c.files, Stored: c.stored, Values: values, Target: target}
}
