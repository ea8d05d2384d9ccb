package display

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
)

// report has findings of each status, and seven that are alike.
func report() check.Report {
	sync := &check.Remedy{Text: "copy the missing images", Command: "kubectl kkp-mirror sync registry.example.com/kkp"}
	var missing []check.Finding
	for i := range 7 {
		missing = append(missing, check.Finding{ID: "mirror.image-missing", Status: check.StatusNotReady, Subject: fmt.Sprintf("quay.io/a/b:%d", i), Reason: "does not exist", Remedy: sync})
	}
	return check.NewReport(map[check.Section][]check.Finding{
		check.SectionMirror: append([]check.Finding{{ID: "mirror.registry", Status: check.StatusOK, Subject: "registry.example.com/kkp"}}, missing...),
		check.SectionConfiguration: {
			{ID: "configuration.a", Status: check.StatusUnknown, Subject: "Seed a\x1b[2K\nb", Reason: "forbidden", Remedy: &check.Remedy{Text: "get the right"}},
			{ID: "configuration.b", Status: check.StatusWarning, Subject: "s", Remedy: &check.Remedy{Text: "t"}},
		},
	}, []string{"configuration.b"})
}

func TestChecks(t *testing.T) {
	var out bytes.Buffer
	Checks(&out, report())
	Verdicts(&out, report(), 2140*time.Millisecond)
	want := `mirror
  ✓ registry.example.com/kkp
  ✗ quay.io/a/b:0: does not exist
  ✗ quay.io/a/b:1: does not exist
  ✗ quay.io/a/b:2: does not exist
  ✗ quay.io/a/b:3: does not exist
  ✗ quay.io/a/b:4: does not exist
    and 2 more; -o json has all
    → copy the missing images [mirror.image-missing]
      kubectl kkp-mirror sync registry.example.com/kkp

configuration
  ? Seed a [2K b: forbidden
    → get the right [configuration.a]
  ! s (ignored)

Not ready: 7 ✗, 1 ?, 1 ✓ in 2.1 s
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
	if got, want := Lacking(report()), "not ready: 7 mirror.image-missing, 1 configuration.a"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestASectionWithoutFindings prints the checks of an installation without Helm releases.
func TestASectionWithoutFindings(t *testing.T) {
	var out bytes.Buffer
	report := check.NewReport(map[check.Section][]check.Finding{check.SectionReleases: nil}, nil)
	Checks(&out, report)
	Verdicts(&out, report, 100*time.Millisecond)
	if want := "releases\n  nothing to check\n\nReady: nothing to check in 0.1 s\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

// TestOneRemedyIsShownOnce has findings of two checks that one command mends.
func TestOneRemedyIsShownOnce(t *testing.T) {
	remedy := check.Remedy{Text: "let the nodes pull from the mirror", Command: "kubectl kkp-mirror patch-seed d"}
	again := remedy
	report := check.NewReport(map[check.Section][]check.Finding{check.SectionDatacenters: {
		{ID: "datacenters.mirrors", Status: check.StatusNotReady, Subject: "datacenter d", Reason: "no mirror", Remedy: &remedy},
		{ID: "datacenters.pause-image", Status: check.StatusNotReady, Subject: "datacenter d", Reason: "no pause image", Remedy: &again},
	}}, nil)
	var out bytes.Buffer
	Checks(&out, report)
	want := `datacenters
  ✗ datacenter d: no mirror
  ✗ datacenter d: no pause image
    → let the nodes pull from the mirror [datacenters.mirrors, datacenters.pause-image]
      kubectl kkp-mirror patch-seed d

`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
	if found := ReviewChecks(Subject{}, report).Sections[0].Findings; len(found) != 2 {
		t.Errorf("rows of a table are of one check: %+v", found)
	}
}

// TestChecksFit prints on a narrow terminal: no line is longer, but for commands, and no word is lost.
func TestChecksFit(t *testing.T) {
	const width = 30
	var out, wide bytes.Buffer
	for o, w := range map[*bytes.Buffer]int{&out: width, &wide: 0} {
		tr := tree{out: o, width: w}
		for _, group := range report().Sections {
			for _, same := range runs(group.Findings, sameRemedy) {
				tr.findings(same)
			}
		}
	}
	for line := range strings.Lines(out.String()) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > width && !strings.Contains(line, "kubectl") {
			t.Errorf("%d characters: %s", n, line)
		}
	}
	if diff := cmp.Diff(strings.Fields(wide.String()), strings.Fields(out.String())); diff != "" {
		t.Error(diff)
	}
}

func TestChecksInColour(t *testing.T) {
	var out bytes.Buffer
	tree{out: &out, colour: true}.findings([]check.Finding{{ID: "a.b", Status: check.StatusNotReady, Subject: "x\x1b[0m", Remedy: &check.Remedy{Text: "do"}}})
	if want := "  " + red + "✗" + normal + " x [0m\n    → do [a.b]\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
