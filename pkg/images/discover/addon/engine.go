package addon

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"text/template"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/manifest"
)

// engine renders one template at a time. Templates keep the functions of the engine; the state of
// one rendering is in run.
type engine struct {
	run       *run
	steps     int // loop iterations of the current addon
	documents documents
}

// run is one rendering.
type run struct {
	trace    *trace
	images   []string // arguments of Image
	output   strings.Builder
	deadline time.Time
}

func newEngine() *engine {
	return &engine{run: &run{}}
}

// rendered is the image references of a file for some clusters.
type rendered struct {
	images []string // arguments of Image
	hits   []manifest.Hit
	tells  DependsOn
	err    error
}

// render renders a file for a cluster.
func (e *engine) render(t *template.Template, clusters ClusterSet, variables map[string]any, deadline time.Time) ([]step, *rendered) {
	e.run = &run{trace: &trace{clusters: clusters}, deadline: deadline}
	err := e.run.execute(t, newData(e.run.trace, variables))
	result := &rendered{images: e.run.images, tells: e.run.trace.tells()}
	if err != nil {
		result.err = shorten(err)
		return e.run.trace.steps, result
	}
	result.hits, result.err = e.read(e.run.output.String())
	return e.run.trace.steps, result
}

func (r *run) execute(t *template.Template, data *data) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the template engine panicked: %v", p)
		}
	}()
	return t.Execute(r, data)
}

// Write implements io.Writer.
func (r *run) Write(p []byte) (int, error) {
	if r.output.Len()+len(p) > maxOutput {
		return 0, fmt.Errorf("the rendered text is larger than %d MiB", maxOutput>>20)
	}
	return r.output.Write(p)
}

func (r *run) onTime() error {
	if !r.deadline.IsZero() && time.Now().After(r.deadline) {
		return fmt.Errorf("rendering the addon takes more than %s", maxTime)
	}
	return nil
}

// step counts a loop iteration.
func (e *engine) step(place string) (string, error) {
	e.steps++
	if e.steps > maxSteps {
		return "", &placedError{place, fmt.Errorf("more than %d rounds of loops", maxSteps)}
	}
	if err := e.run.onTime(); err != nil {
		return "", &placedError{place, err}
	}
	return "", nil
}

// show checks the size of a value before it is printed.
func (e *engine) show(place string, value any) (any, error) {
	if _, err := weigh(reflect.ValueOf(value)); err != nil {
		return nil, &placedError{place, err}
	}
	return value, nil
}

// placedError is an error of a function that instrument has added to a template.
type placedError struct {
	place string
	err   error
}

func (e *placedError) Error() string { return "template: " + e.place + ": " + e.err.Error() }

// shorten removes the internals of text/template from an error, and cuts long errors.
func shorten(err error) error {
	var placed *placedError
	if errors.As(err, &placed) {
		err = placed
	}
	text := strings.TrimPrefix(err.Error(), "template: ")
	if limit := 500; len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return errors.New(text)
}

// read returns the references in rendered output. A document that is not YAML does not affect the
// others.
func (e *engine) read(output string) ([]manifest.Hit, error) {
	var hits []manifest.Hit
	var failure error
	for text := range split(output) {
		d := e.documents.read(text)
		hits = append(hits, d.hits...)
		if d.err != nil && failure == nil {
			_, failure = manifest.Decode([]byte(output)) // to get document number and line in the whole output
			if failure == nil {
				failure = d.err
			}
			failure = fmt.Errorf("the rendered text is not YAML: %w", failure)
		}
	}
	return hits, failure
}

// split yields the documents of a YAML stream. KKP separates documents at lines that begin with
// three dashes.
func split(output string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for output != "" {
			text, rest, _ := strings.Cut(output, "\n---")
			if rest != "" {
				rest = "---" + rest
			}
			if strings.TrimSpace(strings.TrimLeft(text, "-")) != "" && !yield(text) {
				return
			}
			output = rest
		}
	}
}
