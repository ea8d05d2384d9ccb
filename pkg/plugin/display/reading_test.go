package display

import (
	"bytes"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestReading(t *testing.T) {
	for name, test := range map[string]struct {
		terminal bool
		want     string
	}{
		"lines":    {false, "a warning\nreading user clusters 20/300\nlater\n"},
		"terminal": {true, "reading the clusters\r\x1b[Ka warning\nreading user clusters 20/300\r\x1b[Klater\n"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			r := &Reading{out: &out, first: readingInLines, every: readingInLines}
			if test.terminal {
				r.raw, r.first = &out, readingFirst
			}
			r.start()
			time.Sleep(3 * time.Second)
			fmt.Fprintln(r, "a warning")
			r.Progress(20, 300)
			time.Sleep(16 * time.Second)
			r.Close()
			time.Sleep(time.Minute)
			fmt.Fprintln(r, "later")
			if out.String() != test.want {
				t.Errorf("%s: %q", name, out.String())
			}
		})
	}
}

// TestFastReading shows nothing of what is done soon.
func TestFastReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		r := NewReading(&out)
		r.Progress(1, 3)
		time.Sleep(14 * time.Second)
		r.Close()
		time.Sleep(time.Minute)
		if out.Len() > 0 {
			t.Errorf("%q", out.String())
		}
	})
}
