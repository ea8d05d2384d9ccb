package check_test

import (
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
)

// TestReady checks which results make an installation not ready.
func TestReady(t *testing.T) {
	for _, tt := range []struct {
		status  check.Status
		ignored bool
		ready   bool
	}{
		{check.StatusOK, false, true},
		{check.StatusWarning, false, true},
		{check.StatusNotReady, false, false},
		{check.StatusUnknown, false, false},
		{check.StatusNotReady, true, true},
		{check.StatusUnknown, true, true},
	} {
		findings := map[check.Section][]check.Finding{
			check.SectionMirror: {{ID: "mirror.a", Status: check.StatusOK}},
			check.SectionAccess: {{ID: "access.b", Status: tt.status}},
		}
		ignore := []string{"mirror.a"}
		if tt.ignored {
			ignore = append(ignore, "access.b")
		}
		report := check.NewReport(findings, ignore)
		if report.Ready != tt.ready {
			t.Errorf("%s, ignored %v: ready %v", tt.status, tt.ignored, report.Ready)
		}
		if len(report.Sections) != 2 || report.Sections[0].Section != check.SectionAccess {
			t.Errorf("sections: %v", report.Sections)
		}
	}
}
