package catalog

import (
	"bufio"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// expectation holds, per release and edition ("v2.31.0 ce"), the references
// that must be there and whether upstream's list lacks them.
type expectation map[string]map[string]bool

// readExpectation reads a file of testdata; releases are those of its minor.
func readExpectation(t *testing.T, minor string, releases []string) expectation {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", minor+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	want := expectation{}
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		fields := strings.Fields(scanner.Text())
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		missing := fields[len(fields)-1] == "missing"
		for _, column := range fields[1:] {
			edition, spans, ok := strings.Cut(column, "=")
			if !ok {
				continue
			}
			for _, release := range expandSpans(t, spans, releases) {
				want.add(release+" "+edition, fields[0], missing)
			}
		}
	}
	return want
}

func (e expectation) add(key, reference string, missing bool) {
	if e[key] == nil {
		e[key] = map[string]bool{}
	}
	e[key][reference] = missing
}

// expandSpans reads "v2.28.0..v2.28.3,v2.28.7..", where an open end is the newest release.
func expandSpans(t *testing.T, spans string, releases []string) []string {
	t.Helper()
	var expanded []string
	for span := range strings.SplitSeq(spans, ",") {
		first, last, ok := strings.Cut(span, "..")
		if !ok {
			last = first
		} else if last == "" {
			last = releases[len(releases)-1]
		}
		from, to := slices.Index(releases, first), slices.Index(releases, last)
		if from < 0 || to < from {
			t.Fatalf("testdata names %q, catalog has %v", span, releases)
		}
		expanded = append(expanded, releases[from:to+1]...)
	}
	return expanded
}

// references maps what a scope needs to whether upstream lacks it everywhere.
func references(images []NeededImage) map[string]bool {
	refs := map[string]bool{}
	for _, image := range images {
		missing, ok := refs[image.Reference]
		refs[image.Reference] = image.UpstreamMissing && (missing || !ok)
	}
	return refs
}

func open(t testing.TB, version string, edition Edition) *Release {
	t.Helper()
	release, err := Open(version, edition)
	if err != nil {
		t.Fatal(err)
	}
	return release
}

// minors groups the supported releases.
func supportedByMinor() map[string][]string {
	minors := map[string][]string{}
	for _, release := range Supported() {
		minor := release[:strings.LastIndex(release, ".")]
		minors[minor] = append(minors[minor], release)
	}
	return minors
}

func TestImagesAreThoseThatKKPUses(t *testing.T) {
	for minor, releases := range supportedByMinor() {
		want := readExpectation(t, minor, releases)
		for _, release := range releases {
			for _, edition := range []Edition{CE, EE} {
				key := release + " " + string(edition)
				t.Run(key, func(t *testing.T) {
					images, unknown := open(t, release, edition).Images(Everything())
					if len(unknown) > 0 {
						t.Errorf("unknown: %v", unknown)
					}
					compare(t, references(images), want[key])
				})
			}
		}
	}
}

// compare wants the same references, but for extra ones that upstream misses.
func compare(t *testing.T, got, want map[string]bool) {
	t.Helper()
	if len(want) == 0 {
		t.Error("no expectation")
	}
	for reference, missing := range want {
		gotMissing, ok := got[reference]
		if !ok {
			t.Errorf("missing: %s", reference)
		} else if gotMissing != missing {
			t.Errorf("%s: upstream missing = %v, want %v", reference, gotMissing, missing)
		}
	}
	for reference, missing := range got {
		if _, ok := want[reference]; !ok && !missing {
			t.Errorf("extra: %s", reference)
		}
	}
}
