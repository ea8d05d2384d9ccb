package display

import (
	"testing"
	"time"
)

func TestMeter(t *testing.T) {
	m := meter{images: 2}
	now := time.Unix(0, 0)
	if got := m.state(now); got != "0 B of at least 0 B" {
		t.Errorf("at the start: %s", got)
	}
	m.plan(100 << 20)
	m.resolve()
	if got := m.share(); got != 0 {
		t.Errorf("at the start, %d of 1000 are full", got)
	}
	m.save(20 << 20)
	for range 5 {
		m.move(now, 4<<20)
		now = now.Add(time.Second)
	}
	if got := m.share(); got != 200 { // 40 MiB of 100 MiB, and as much for the other image
		t.Errorf("with one image planned, %d of 1000 are full", got)
	}
	if got, want := m.state(now), "40.0 MiB of at least 100.0 MiB"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	m.resolve()
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
	m.finish()
	if got := m.share(); got != 999 {
		t.Errorf("%d of 1000 are full before the end", got)
	}
	m.finish()
	if got := m.share(); got != 1000 {
		t.Errorf("%d of 1000 are full at the end", got)
	}
	if got, want := m.state(now), "100.0 MiB of 100.0 MiB"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
