// Package addon reads and renders KKP's addons: directories of templates that KKP fills
// in for each user cluster. It knows the data and the functions that templates get, and
// renders them for many clusters at once, along what they can tell apart. It must not
// know where addons come from, nor which clusters there are. What it reads is not
// trusted: everything is bounded.
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
	templates []*template.Template // one for each file, by path; definitions are shared
	engine    *engine
	broken    []Failure
}

// Failure is something that could not be read or rendered.
type Failure struct {
	Subject string // "addon csi, file csi/driver.yaml"
	Err     error
	Cluster string // one for which it was, "" if it is none's in particular
}

// New makes an addon of its files. KKP renders the files of an addon as one template; here
// each is its own, so that a broken one leaves the others.
func New(name string, files Files) *Addon {
	a := &Addon{Name: name, engine: newEngine()}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		a.add(path, files[path])
	}
	a.finish()
	return a
}

// add parses a file. Those before it define templates that it may use, and it may define
// some for those after it.
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

// finish makes what the files define bounded, once it is complete.
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
