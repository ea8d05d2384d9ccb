package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog/data"
)

// expected are the references that each release of a minor must have, one line
// each: "REFERENCE ce=RELEASES ee=RELEASES [missing|charts]", where RELEASES are
// "v2.28.0..v2.28.3,v2.28.7.." (from v2.28.7 to the newest) and the last word is
// that of data.Entry.Upstream.
// The catalog's tests compare the data with them. They do not come from the
// data, but from what the runs listed and from the references that no run lists.
type expected struct {
	header   []string
	releases []string
	lines    map[string]expectedLine
}

type expectedLine struct {
	upstream string
	in       map[cell]bool
}

// saveExpected notes what the runs listed for the target's release and
// edition. What no run lists is expected as before.
func (t *target) saveExpected(dir string, seen *sightings) error {
	if seen == nil {
		return nil
	}
	path := filepath.Join(dir, strings.TrimSuffix(filepath.Base(t.path), ".yaml")+".txt")
	releases := versions(t.file)
	want, err := readExpected(path, releases[:len(releases)-t.appended])
	if err != nil {
		return err
	}
	want.releases = releases
	before, from, err := t.expectedBefore(dir, want)
	if err != nil {
		return err
	}
	carried := before.unlisted(cell{from, t.edition})
	for reference, line := range want.lines {
		delete(line.in, t.cell())
		want.lines[reference] = line
	}
	for image := range seen.base {
		want.add(image, "", t.cell())
	}
	for reference, upstream := range carried {
		if repository, tag := split(reference); tag == before.releases[from] {
			reference = repository + ":" + seen.release
		}
		if !t.pruned[reference] {
			want.add(reference, upstream, t.cell())
		}
	}
	return os.WriteFile(path, want.format(), 0o644)
}

// expectedBefore finds what the target's release takes over: its own
// expectations, else those of the release before, perhaps of the minor before.
func (t *target) expectedBefore(dir string, want *expected) (*expected, int, error) {
	for _, index := range []int{t.index, t.index - 1} {
		if index >= 0 && want.has(cell{index, t.edition}) {
			return want, index, nil
		}
	}
	version, err := semver.NewVersion(want.releases[0])
	if err != nil {
		return nil, 0, err
	}
	minor := fmt.Sprintf("v%d.%d", version.Major(), version.Minor()-1)
	file, err := read(filepath.Join(filepath.Dir(t.path), minor+".yaml"))
	if err != nil {
		return nil, 0, err
	}
	before, err := readExpected(filepath.Join(dir, minor+".txt"), versions(file))
	return before, len(file.Releases) - 1, err
}

func versions(file *data.File) []string {
	var names []string
	for _, release := range file.Releases {
		names = append(names, release.Version)
	}
	return names
}

// readExpected reads a file, which may be missing: a new minor has none.
func readExpected(path string, releases []string) (*expected, error) {
	want := &expected{releases: releases, lines: map[string]expectedLine{}}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		want.header = []string{
			"# Component images of KKP " + strings.TrimSuffix(filepath.Base(path), ".txt") + ": what the runs of hack/catalog listed, and what no run lists.",
			`# reference, releases per edition, "missing" if kubermatic-installer mirror-images does not list it, "charts" if it lists it only for a chart`,
		}
		return want, nil
	}
	if err != nil {
		return nil, err
	}
	for text := range strings.Lines(string(raw)) {
		text = strings.TrimSpace(text)
		if strings.HasPrefix(text, "#") {
			want.header = append(want.header, text)
		} else if text != "" {
			if err := want.parse(text); err != nil {
				return nil, fmt.Errorf("%s: %q: %w", path, text, err)
			}
		}
	}
	return want, nil
}

func (e *expected) parse(text string) error {
	fields := strings.Fields(text)
	line := expectedLine{in: map[cell]bool{}}
	for _, field := range fields[1:] {
		edition, spans, ok := strings.Cut(field, "=")
		if !ok {
			line.upstream = field
			continue
		}
		for span := range strings.SplitSeq(spans, ",") {
			first, last, ok := strings.Cut(span, "..")
			if !ok {
				last = first
			} else if last == "" && len(e.releases) > 0 {
				last = e.releases[len(e.releases)-1]
			}
			from, to := slices.Index(e.releases, first), slices.Index(e.releases, last)
			if from < 0 || to < from {
				return fmt.Errorf("%s: not releases of the data", span)
			}
			for release := from; release <= to; release++ {
				line.in[cell{release, edition}] = true
			}
		}
	}
	e.lines[fields[0]] = line
	return nil
}

func (e *expected) has(at cell) bool {
	for _, line := range e.lines {
		if line.in[at] {
			return true
		}
	}
	return false
}

// unlisted are the references that no run lists, with the reason.
func (e *expected) unlisted(at cell) map[string]string {
	references := map[string]string{}
	for reference, line := range e.lines {
		if line.in[at] && line.upstream != "" {
			references[reference] = line.upstream
		}
	}
	return references
}

// add expects a reference. One that a run lists is listed, whatever was known.
func (e *expected) add(reference, upstream string, at cell) {
	line, ok := e.lines[reference]
	if !ok {
		line.in, line.upstream = map[cell]bool{}, upstream
	}
	if upstream == "" {
		line.upstream = ""
	}
	line.in[at] = true
	e.lines[reference] = line
}

func (e *expected) format() []byte {
	var text strings.Builder
	for _, line := range e.header {
		text.WriteString(line + "\n")
	}
	for _, reference := range sorted(e.lines) {
		line := e.lines[reference]
		if len(line.in) == 0 {
			continue
		}
		text.WriteString(reference)
		for _, edition := range []string{"ce", "ee"} {
			if spans := e.spans(line, edition); len(spans) > 0 {
				text.WriteString(" " + edition + "=" + strings.Join(spans, ","))
			}
		}
		text.WriteString(strings.TrimRight(" "+line.upstream, " ") + "\n")
	}
	return []byte(text.String())
}

func (e *expected) spans(line expectedLine, edition string) []string {
	var spans []string
	for _, stretch := range stretches(len(e.releases), func(i int) bool { return line.in[cell{i, edition}] }) {
		span := e.releases[stretch[0]]
		if stretch[1] == len(e.releases)-1 {
			span += ".."
		} else if stretch[1] > stretch[0] {
			span += ".." + e.releases[stretch[1]]
		}
		spans = append(spans, span)
	}
	return spans
}
