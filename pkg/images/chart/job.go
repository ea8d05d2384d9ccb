package chart

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/worker"
)

// renderTime bounds a rendering. KKP's largest chart takes a fraction of a second.
const renderTime = 10 * time.Second

// Job is what workers do with charts.
func Job() worker.Job[Request, Reply] {
	return worker.Job[Request, Reply]{Name: "chart", Time: renderTime, Do: Request.answer}
}

// Request is a question about a chart, as a worker gets it.
type Request struct {
	Want          want            `json:"want"`
	Files         []file          `json:"files,omitempty"`
	Stored        json.RawMessage `json:"stored,omitempty"`
	Values        map[string]any  `json:"values"`
	KeepOverrides bool            `json:"keepOverrides,omitempty"`
	Target        ReleaseOptions  `json:"target"`
	Manifests     []string        `json:"manifests,omitempty"` // what is installed of it
}

// want is what is wanted of a chart.
type want int

const (
	wantResult    want = iota // what it refers to
	wantTexts                 // what it renders to
	wantLacking               // the subcharts that it lacks
	wantInstalled             // what is installed refers to
)

// Reply is what comes of a request.
type Reply struct {
	Result  Result            `json:"result"`
	Texts   map[string]string `json:"texts,omitempty"`
	Lacking []Source          `json:"lacking,omitempty"`
	Missing []string          `json:"missing,omitempty"` // of a MissingError
	Name    string            `json:"name,omitempty"`    // of a chart that a release holds
	Version string            `json:"version,omitempty"`
}

// answer does what is wanted.
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

// request asks something about the chart.
func (c *Chart) request(want want, values map[string]any, target ReleaseOptions) Request {
	return Request{Want: want, Files: c.files, Stored: c.stored, Values: values, Target: target}
}
