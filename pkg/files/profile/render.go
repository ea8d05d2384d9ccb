package profile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace"
)

// containerd is the only container runtime that OSM supports.
const containerd = "containerd"

// Bounds of what is rendered for one machine, in bytes.
const (
	maxRendered = 8 << 20
	maxTemplate = 2 << 20
)

// maxParsed bounds how many templates are kept parsed.
const maxParsed = 500

// Renderer renders one object for several machines. It is not safe for concurrent use.
type Renderer struct {
	object    Object
	functions template.FuncMap
	parsed    map[string]*template.Template // by name and text, and the named templates
	data      *data                         // of the machine
	size      int                           // of what is rendered for it so far, in bytes
}

// NewRenderer returns a renderer for an object.
func NewRenderer(o Object) *Renderer {
	return &Renderer{object: o, functions: functions(), parsed: map[string]*template.Template{}}
}

// Render returns the machine that the object makes, for a Kubernetes version ("1.35.7") and
// a provider, by OSM's name. Its architecture is left open.
func (r *Renderer) Render(kubernetes, provider string) (trace.System, error) {
	o := r.object
	s := trace.System{OS: o.Spec.OSName, OSVersion: o.Spec.OSVersion, API: []string{API}}
	r.data, r.size = newData(kubernetes, provider), 0
	for _, c := range []Config{o.Spec.BootstrapConfig, o.Spec.ProvisioningConfig} {
		files, err := r.files(c)
		if err != nil {
			return s, err
		}
		s.Files = append(s.Files, files...)
		for _, u := range c.Units {
			s.Units = append(s.Units, trace.Unit{Name: u.Name, Content: u.Text(), Enabled: u.Enable})
		}
		s.Commands = append(s.Commands, c.commands()...)
		s.Files = append(s.Files, c.yumRepos()...)
	}
	return s, nil
}

func (r *Renderer) files(c Config) ([]trace.File, error) {
	if r.object.Rendered() {
		var all []trace.File
		for _, f := range c.Files {
			all = append(all, trace.File{Path: f.Path, Content: f.Data()})
		}
		return all, nil
	}
	return r.render(c)
}

// yumRepos are the repositories of packages that cloud-init writes.
func (c Config) yumRepos() []trace.File {
	var all []trace.File
	if c.Modules == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(c.Modules.YumRepos)) {
		text := "[" + name + "]\n"
		for _, key := range slices.Sorted(maps.Keys(c.Modules.YumRepos[name])) {
			text += key + "=" + c.Modules.YumRepos[name][key] + "\n"
		}
		all = append(all, trace.File{Path: "/etc/yum.repos.d/" + name + ".repo", Content: text})
	}
	return all
}

// render renders the files of a phase. Named templates are rendered first, each by itself,
// and what they render to is what files include (operating-system-manager
// pkg/controllers/osc/resources, v1.11.3).
func (r *Renderer) render(c Config) ([]trace.File, error) {
	templates, files := maps.Clone(c.Templates), slices.Clone(c.Files)
	if templates == nil {
		templates = map[string]string{}
	}
	for _, runtime := range c.SupportedContainerRuntimes {
		if runtime.Name == containerd {
			files = append(files, runtime.Files...)
			for name, text := range runtime.Templates {
				if _, there := c.Templates[name]; !there {
					templates[name] = text
				}
			}
			break
		}
	}
	var named []string
	for _, name := range slices.Sorted(maps.Keys(templates)) {
		text, err := r.execute(name, templates[name], nil)
		if err != nil {
			return nil, err
		}
		named = append(named, fmt.Sprintf("\n{{- define %q }}\n%s\n{{- end }}", name, text))
	}
	var all []trace.File
	for _, f := range files {
		text, err := r.execute(f.Path, f.Data(), named)
		if err != nil {
			return nil, err
		}
		all = append(all, trace.File{Path: f.Path, Content: text})
	}
	return all, nil
}

// execute renders a template that may include named ones.
func (r *Renderer) execute(name, text string, named []string) (string, error) {
	if len(text) > maxTemplate {
		return "", fmt.Errorf("template %s: larger than %d MiB", name, maxTemplate>>20)
	}
	if !strings.Contains(text, "{{") {
		r.size += len(text)
		return text, nil
	}
	t, err := r.parse(name, text, named)
	if err != nil {
		return "", err
	}
	out := limited{left: maxRendered - r.size}
	if err := t.Execute(&out, r.data); err != nil {
		return "", err
	}
	r.size += out.Len()
	return out.String(), nil
}

// parse reads a template with the named ones that it may include.
func (r *Renderer) parse(name, text string, named []string) (*template.Template, error) {
	if !strings.Contains(text, "template") && !strings.Contains(text, "block") {
		named = nil
	}
	key := strings.Join(append([]string{name, text}, named...), "\x00")
	if t := r.parsed[key]; t != nil {
		return t, nil
	}
	t, err := template.New(name).Funcs(r.functions).Parse(text)
	for _, n := range named {
		if err == nil {
			t, err = t.Parse(n)
		}
	}
	if err != nil {
		return nil, err
	}
	if len(r.parsed) >= maxParsed {
		clear(r.parsed)
	}
	r.parsed[key] = t
	return t, nil
}

// limited is a text that takes no more than is left.
type limited struct {
	strings.Builder
	left int
}

// Write implements io.Writer.
func (l *limited) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, fmt.Errorf("the rendered text is larger than %d MiB", maxRendered>>20)
	}
	return l.Builder.Write(p)
}
