package display

import (
	"bytes"
	"strings"
	"testing"
)

func TestBarEndsWithTheLastState(t *testing.T) {
	var out bytes.Buffer
	b := newBar(&out, 4, func() string { return "3/4 images" })
	b.update(func(m *meter) { m.plan(4 << 20) })
	b.update(func(m *meter) { m.save(1 << 20) })
	b.close()
	for _, want := range []string{"3/4 images", "1.0 MiB of at least 4.0 MiB"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in %q", want, out.String())
		}
	}
	var none *bar
	none.update(func(*meter) { t.Error("a bar that does not exist was updated") })
	none.close()
}
