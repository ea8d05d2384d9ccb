package display

import (
	"testing"
	"time"
)

func TestMeter(t *testing.T) {
	var m meter
	now := time.Unix(0, 0)
	if got := m.state(now); got != "0 B of 0 B" {
		t.Errorf("at the start: %s", got)
	}
	m.plan(100 << 20)
	m.save(20 << 20)
	for range 5 {
		m.move(now, 4<<20)
		now = now.Add(time.Second)
	}
	if got, want := m.state(now), "40.0 MiB of 100.0 MiB, 3.2 MiB/s, 19s left"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	last := int64(0)
	for range 40 { // some is sent twice
		m.move(now, 4<<20)
		done, total := m.length()
		if done < last || done > total {
			t.Fatalf("%d after %d, of %d", done, last, total)
		}
		last = done
	}
	if done, total := m.length(); done != total {
		t.Errorf("%d of %d at the end", done, total)
	}
}
