// Package trace finds out what a machine downloads when it starts, by running its scripts
// in an interpreter that executes nothing: commands have models here, files are in memory,
// and there is neither network nor process. What a script asks of the machine is unknown;
// branches that depend on it are followed on both sides. It knows what commands do with
// addresses and files. It must not know where the scripts come from, nor who wrote them:
// they are not trusted, and everything is bounded.
package trace

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// System is a machine before it starts for the first time.
type System struct {
	Files        []File
	Units        []Unit
	Commands     []string // that are run at the start
	Architecture string   // "amd64", "arm64"
	OS           string   // "ubuntu"
	OSVersion    string   // "24.04"
	API          []string // addresses of the user cluster's own API: "https://api.example.com:6443"
}

// File is a file of the machine.
type File struct{ Path, Content string }

// Unit is a unit of systemd that is no file.
type Unit struct {
	Name    string
	Content string
	Enabled bool
}

// Found is what a machine downloads.
type Found struct {
	Downloads    []Download   `json:"downloads,omitempty"`
	Packages     []Package    `json:"packages,omitempty"`
	Repositories []Repository `json:"repositories,omitempty"`
	Gaps         []Gap        `json:"gaps,omitempty"`
	Calls        []Call       `json:"calls,omitempty"`
	Looked       []string     `json:"-"` // the files that made a difference, ordered
	Cut          bool         `json:"-"` // it was not traced to its end
}

// Download is a file that a script fetches.
type Download struct {
	URL   string `json:"url"`
	Where string `json:"where"` // "/opt/bin/setup:12"
}

// Package is a package of the operating system that a script installs.
type Package struct {
	Name    string `json:"name"`    // as it is asked for: "containerd.io=2.2*"
	Manager string `json:"manager"` // "apt", "yum"
	Where   string `json:"where"`
}

// Repository is a place that packages come from.
type Repository struct {
	URL   string `json:"url"`
	Entry string `json:"entry,omitempty"` // as it is written: "deb https://… noble stable"
	Where string `json:"where"`
}

// Gap is something that downloads, or may, and could not be traced.
type Gap struct {
	Where string `json:"where"`
	Text  string `json:"text"`
}

// Call is a call of a program that downloads. One that no trace reaches is a gap.
type Call struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Text    string `json:"text"`
	Reached bool   `json:"reached"`
}

// maxTime bounds one trace.
const maxTime = 3 * time.Second

// Run traces a machine.
func Run(ctx context.Context, s System) Found {
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	m := newMachine(s)
	for i, command := range s.Commands {
		_ = m.script(ctx, "commands of cloud-init", strings.Repeat("\n", i)+command, nil) // how it ends is for nobody
	}
	m.startEnabled(ctx)
	m.startRest(ctx)
	m.readRest()
	return m.result()
}

// result returns what was found, ordered and each once.
func (m *machine) result() Found {
	m.repositories()
	f := m.found
	f.Downloads = unique(f.Downloads, func(d Download) string { return d.URL })
	f.Packages = unique(f.Packages, func(p Package) string { return p.Manager + " " + p.Name })
	f.Repositories = unique(f.Repositories, func(r Repository) string { return r.URL + " " + r.Entry })
	f.Gaps = unique(f.Gaps, func(g Gap) string { return g.Where + " " + g.Text })
	for i, site := range m.book.Sites {
		if site.Fetches || m.fetched[i] {
			f.Calls = append(f.Calls, Call{site.File, site.Line, site.Text, m.reached[i]})
		}
	}
	for name := range m.looked {
		f.Looked = append(f.Looked, name)
	}
	slices.Sort(f.Looked)
	return f
}

// unique orders items by a key and keeps the first of each.
func unique[T any](items []T, key func(T) string) []T {
	slices.SortStableFunc(items, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
	return slices.CompactFunc(items, func(a, b T) bool { return key(a) == key(b) })
}

// where is a place in a file, for people.
func where(file string, line int) string { return fmt.Sprintf("%s:%d", file, line) }

// own tells whether an address is that of the machine itself, of its link, or of the user
// cluster's own API, from which every node gets its configuration.
func (m *machine) own(host, path string) bool {
	if host == "localhost" || strings.HasPrefix(host, "127.") || host == "::1" || strings.HasPrefix(host, "169.254.") {
		return true
	}
	if strings.HasPrefix(path, "/api/v1/namespaces/cloud-init-settings/secrets/") {
		return true
	}
	return slices.ContainsFunc(m.system.API, func(api string) bool { return hostOf(api) == host })
}
