package images_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// common is an error that has its cause in common with others.
type common string

func (e common) Error() string { return "asking " + string(e) + " failed" }

func (e common) Cause() string { return "seed hamburg cannot be read: no route" }

func TestGapsWithOneCauseAreOneLine(t *testing.T) {
	var c images.Collector
	c.GapWith("components", "seed hamburg", common("clusters"), "everything that it could need is listed")
	c.GapWith("addons", "seed hamburg", common("clusters"), "everything that it could need is listed")
	c.GapWith("running", "seed hamburg", common("pods"), "its pods are not known")
	for i := range 5 {
		c.Gap("charts", fmt.Sprintf("chart %d", i), fmt.Errorf("chart: %w", common("charts")))
	}
	c.Gap("charts", "chart a", errors.New("it does not render"))
	c.Gap("charts", "chart b", errors.New("it does not render"))
	var lines []string
	for _, gaps := range images.Causes(c.Inventory().Gaps) {
		lines = append(lines, images.OneCause(gaps))
	}
	want := []string{
		"seed hamburg cannot be read: no route; everything that it could need is listed; its pods are not known; charts: chart 0, chart 1, chart 2 and 2 more",
		"charts: chart a: it does not render",
		"charts: chart b: it does not render",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}

func TestAGapThatIsAloneNamesItself(t *testing.T) {
	var c images.Collector
	c.GapWith("components", "seed hamburg", common("clusters"), "everything that it could need is listed")
	gaps := c.Inventory().Gaps
	if got, want := images.OneCause(gaps), "components: seed hamburg: asking clusters failed; everything that it could need is listed"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
