package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// runs keeps what dry runs listed, so that they can be read again without the
// installer: NN-what.args has the arguments of a run, with DIR for the
// installer's working directory, and NN-what.images what the run listed,
// sorted, one image per line.
type runs struct {
	dir string
	// named are the names of the runs by their filters.
	named map[string]string
}

// openRuns reads which runs a directory has.
func openRuns(dir string) (*runs, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.args"))
	if err != nil {
		return nil, err
	}
	r := &runs{dir: dir, named: map[string]string{}}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		r.named[filtersOf(strings.Fields(string(raw)))] = strings.TrimSuffix(filepath.Base(path), ".args")
	}
	return r, nil
}

// filtersOf are the filters among a run's arguments.
func filtersOf(args []string) string {
	var filters []string
	for i := range len(args) - 1 {
		if strings.HasSuffix(args[i], "-filter") {
			filters = append(filters, args[i], args[i+1])
		}
	}
	return strings.Join(filters, " ")
}

// list reads a recorded run. The error is a fs.ErrNotExist if there is none.
func (r *runs) list(filters []string) (imageSet, error) {
	name, ok := r.named[filtersOf(filters)]
	if !ok {
		return nil, fmt.Errorf("%s has no run with the filters %q: %w", r.dir, filters, os.ErrNotExist)
	}
	file, err := os.Open(filepath.Join(r.dir, name+".images"))
	if err != nil {
		return nil, err
	}
	images := imageSet{}
	scanner := bufio.NewScanner(file)
	for scanner.Scan() {
		if image := strings.TrimSpace(scanner.Text()); image != "" {
			images[image] = true
		}
	}
	return images, errors.Join(scanner.Err(), file.Close())
}

// record writes a run, whose arguments name the working directory.
func (r *runs) record(args []string, working string, images imageSet) error {
	filters := filtersOf(args)
	name, ok := r.named[filters]
	if !ok {
		what := regexp.MustCompile(`[^A-Za-z0-9.]+`).ReplaceAllString(strings.ReplaceAll(filters, "-filter", ""), "-")
		name = fmt.Sprintf("%02d-%s", len(r.named)+1, strings.Trim(what, "-"))
		if filters == "" {
			name = fmt.Sprintf("%02d-all", len(r.named)+1)
		}
		r.named[filters] = name
	}
	line := strings.ReplaceAll(strings.Join(args, " "), working, "DIR") + "\n"
	list := strings.Join(sorted(images), "\n") + "\n"
	return errors.Join(
		os.MkdirAll(r.dir, 0o755),
		os.WriteFile(filepath.Join(r.dir, name+".args"), []byte(line), 0o644),
		os.WriteFile(filepath.Join(r.dir, name+".images"), []byte(list), 0o644))
}
