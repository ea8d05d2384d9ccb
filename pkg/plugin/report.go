package plugin

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// outcome is what became of a sync, on one line.
func outcome(report images.SyncReport) string {
	s := report.Summary
	total := s.Copied + s.Present + s.Skipped + s.Failed
	if s.Present == total {
		return fmt.Sprintf("nothing to copy: %s in %s, with the same digests", present(total), report.Target)
	}
	text := fmt.Sprintf("%d copied (%s), %d present", s.Copied, size(s.Bytes), s.Present)
	if s.Failed > 0 {
		text += fmt.Sprintf(", %d failed", s.Failed)
	}
	if s.Skipped > 0 {
		text += fmt.Sprintf(", %d not tried", s.Skipped)
	}
	return text + ": " + report.Target
}

func present(n int) string {
	if n == 1 {
		return "the image is"
	}
	return fmt.Sprintf("all %d images are", n)
}

// interrupted says how to go on after an interrupt.
func interrupted(ctx context.Context, report images.SyncReport) error {
	if ctx.Err() == nil {
		return nil
	}
	s := report.Summary
	return &InterruptedError{Message: fmt.Sprintf("%d of %d images are in %s. Run the same command again to go on: they are not copied twice",
		s.Copied+s.Present, s.Copied+s.Present+s.Skipped+s.Failed, report.Target)}
}

// failuresError lists the failures by what can be done about them.
func failuresError(report images.Report) error {
	byClass := map[images.Class][]images.Result{}
	for _, result := range report.Results {
		if result.Outcome == images.Failed {
			byClass[result.Class] = append(byClass[result.Class], result)
		}
	}
	if len(byClass) == 0 {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %s could not be copied", report.Count(images.Failed), count(len(report.Results), "image"))
	for _, class := range slices.Sorted(maps.Keys(byClass)) {
		fmt.Fprintf(&b, "\n%s: %s", class, class.Remedy())
		for _, result := range byClass[class] {
			fmt.Fprintf(&b, "\n  %s", result.Error)
		}
	}
	return &PartialError{Message: b.String()}
}

// size writes bytes with a binary unit.
func size(bytes int64) string {
	value, unit := float64(bytes), "B"
	for _, larger := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if value < 1024 {
			break
		}
		value, unit = value/1024, larger
	}
	if unit == "B" {
		return fmt.Sprintf("%d B", bytes)
	}
	return fmt.Sprintf("%.1f %s", value, unit)
}
