// Package addon reads and renders KKP's addons: directories of templates that KKP renders for each
// user cluster. It knows the data and functions of templates. It renders a template for many
// clusters at once: clusters for which the template cannot differ are rendered once. It must not
// know where addons come from, nor which clusters exist. Templates are not trusted: rendering is
// bounded.
package addon

import (
	"fmt"
	"maps"
	"slices"
	"text/template"
)

// Addon is a directory of templates.
type Addon struct {
	Name      string
	templates []*template.Template // one for each file, sorted by path; they share definitions
	engine    *engine
	broken    []Failure
}

// Failure is a file that could not be read or rendered.
type Failure struct {
	Subject string // "addon csi, file csi/driver.yaml"
	Err     error
	Cluster string // an affected cluster, "" if all are affected
}

// New returns an addon from its files. KKP renders all files of an addon as one template. Here each
// file is a template of its own, so that a broken file does not affect the others.
func New(name string, files Files) *Addon {
	a := &Addon{Name: name, engine: newEngine()}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		a.add(path, files[path])
	}
	a.finish()
	return a
}

// add parses a file. It can use the definitions of earlier files.
func (a *Addon) add(path string, content []byte) {
	var parsed *template.Template
	if len(a.templates) > 0 {
		parsed = a.templates[0].New(path)
	} else {
		parsed = template.New(path).Funcs(a.engine.functions())
	}
	if _, err := parsed.Parse(string(content)); err != nil {
		a.fail(path, err)
		return
	}
	a.templates = append(a.templates, parsed)
}

// finish instruments all definitions, so that their execution is bounded.
func (a *Addon) finish() {
	if len(a.templates) == 0 {
		return
	}
	for _, defined := range a.templates[0].Templates() {
		if err := instrument(defined); err != nil {
			a.fail(defined.Name(), err)
		}
	}
}

func (a *Addon) fail(path string, err error) {
	a.broken = append(a.broken, Failure{Subject: fmt.Sprintf("addon %s, file %s", a.Name, path), Err: shorten(err)})
}
