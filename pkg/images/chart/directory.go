package chart

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
)

// maxDepth bounds the depth of the search for charts.
const maxDepth = 8

// Candidate is a chart in a directory, or the error of reading the chart.
type Candidate struct {
	Path  string // path in the directory, with slashes
	Chart *Chart // nil if Err is set
	Err   error
}

// InDirectory returns the charts in and below a directory: every directory with a Chart.yaml, and
// every packed chart. It does not search in charts and does not follow links out of the directory.
func InDirectory(dir string) ([]Candidate, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return InFS(root.FS())
}

// InFS is InDirectory for any file system.
func InFS(fsys fs.FS) ([]Candidate, error) {
	var found []Candidate
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil && name == ".":
			return err
		case err != nil:
			found = append(found, Candidate{Path: name, Err: err})
			return fs.SkipDir
		case entry.IsDir() && hasFile(fsys, path.Join(name, "Chart.yaml")):
			chart, err := fromDirectory(fsys, name)
			found = append(found, Candidate{name, chart, err})
			return fs.SkipDir
		case entry.IsDir() && strings.Count(name, "/") >= maxDepth:
			return fs.SkipDir
		case entry.Type().IsRegular() && path.Ext(name) == ".tgz":
			chart, err := fromFile(fsys, name)
			found = append(found, Candidate{name, chart, err})
		}
		return nil
	})
	return found, err
}

func hasFile(fsys fs.FS, name string) bool {
	info, err := fs.Stat(fsys, name)
	return err == nil && info.Mode().IsRegular()
}

// fromFile reads a packed chart.
func fromFile(fsys fs.FS, name string) (*Chart, error) {
	data, err := readFile(fsys, name, maxChartBytes)
	if err != nil {
		return nil, err
	}
	return FromArchive(data)
}

// fromDirectory reads an unpacked chart.
func fromDirectory(fsys fs.FS, dir string) (*Chart, error) {
	inner, err := fs.Sub(fsys, dir)
	if err != nil {
		return nil, err
	}
	ignored := ignoreRules(inner)
	var files []file
	var size int64
	err = fs.WalkDir(inner, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name != "." && ignored(name) {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if entry.IsDir() || !hasFile(inner, name) {
			return nil
		}
		data, err := readFile(inner, name, maxFileBytes)
		if err != nil {
			return err
		}
		if size += int64(len(data)); size > maxChartBytes {
			return fmt.Errorf("the chart is larger than %d MiB", maxChartBytes>>20)
		}
		files = append(files, file{name, data})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return fromFiles(files)
}

// readFile reads a file of bounded size.
func readFile(fsys fs.FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := bounded.ReadAll(f, limit)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return data, nil
}

// ignoreRules parses a chart's .helmignore: names and patterns of files and directories. Negation
// is ignored.
func ignoreRules(fsys fs.FS) func(string) bool {
	data, err := readFile(fsys, ".helmignore", maxFileBytes)
	if errors.Is(err, fs.ErrNotExist) || err != nil {
		return func(string) bool { return false }
	}
	var patterns []string
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(strings.TrimSpace(line), "/")
		if line != "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "!") {
			patterns = append(patterns, line)
		}
	}
	return func(name string) bool {
		for _, pattern := range patterns {
			subject := path.Base(name)
			if strings.Contains(pattern, "/") {
				pattern, subject = strings.TrimPrefix(pattern, "/"), name
			}
			if ok, _ := path.Match(pattern, subject); ok {
				return true
			}
		}
		return false
	}
}

// InFiles is InDirectory for files by their paths. Packed charts are not searched.
func InFiles(files map[string][]byte) []Candidate {
	var found []Candidate
	paths := slices.Sorted(maps.Keys(files))
	inner := func(dir, name string) bool { return strings.HasPrefix(name, dir+"/") }
	for _, name := range paths {
		dir := path.Dir(name)
		if path.Base(name) != "Chart.yaml" || slices.ContainsFunc(found, func(f Candidate) bool { return inner(f.Path, name) }) {
			continue
		}
		var own []file
		for _, other := range paths {
			if inner(dir, other) {
				own = append(own, file{strings.TrimPrefix(other, dir+"/"), files[other]})
			}
		}
		chart, err := fromFiles(own)
		found = append(found, Candidate{dir, chart, err})
	}
	return found
}

// fromFiles returns a chart from files, and unpacks its subcharts.
func fromFiles(files []file) (*Chart, error) {
	spent := &budget{}
	var all []file
	for _, f := range files {
		if err := spent.spend(f.Name, int64(len(f.Data))); err != nil {
			return nil, err
		}
		more, err := spent.expand(f, 0)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return newChart(all)
}
