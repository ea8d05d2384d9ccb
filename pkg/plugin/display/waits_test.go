package display

import (
	"testing"
	"time"
)

func TestWaitsAreNewWhenTheyEndLater(t *testing.T) {
	var w waits
	end := time.Unix(1000, 0)
	for _, step := range []struct {
		host  string
		until time.Time
		want  bool
	}{
		{"a", end, true},
		{"a", end.Add(time.Second / 2), false},
		{"b", end, true},
		{"a", end.Add(time.Second), true},
		{"a", end, false},
	} {
		if got := w.isNew(step.host, step.until); got != step.want {
			t.Errorf("%s until %s: got %t", step.host, step.until, got)
		}
	}
}
