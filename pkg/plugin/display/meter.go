package display

import (
	"fmt"
	"sync"
	"time"
)

// meter counts the planned and the finished bytes of a sync, and measures the rate. The number of
// finished bytes never decreases.
type meter struct {
	mu      sync.Mutex
	planned int64
	saved   int64
	moved   int64
	samples []sample // of the last seconds, the oldest first
}

type sample struct {
	at    time.Time
	moved int64
}

const (
	window = 10 * time.Second
	grain  = 250 * time.Millisecond
)

func (m *meter) plan(n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.planned += n
}

func (m *meter) save(n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.saved += n
}

func (m *meter) move(now time.Time, n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.moved += n
	if len(m.samples) == 0 || now.Sub(m.samples[len(m.samples)-1].at) >= grain {
		m.samples = append(m.samples, sample{now, m.moved})
	}
	for len(m.samples) > 2 && now.Sub(m.samples[0].at) > window {
		m.samples = m.samples[1:]
	}
}

// length returns the finished and the planned bytes. At the end, bytes that were sent twice count
// once.
func (m *meter) length() (done, total int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return min(m.moved+m.saved, m.planned), m.planned
}

// state returns a text with the bytes, the rate and the remaining time.
func (m *meter) state(now time.Time) string {
	done, total := m.length()
	text := fmt.Sprintf("%s of %s", Size(done), Size(total))
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.samples) < 2 {
		return text
	}
	first := m.samples[0]
	took := now.Sub(first.at)
	rate := float64(m.moved-first.moved) / max(took.Seconds(), 0.001)
	if rate < 1 {
		return text
	}
	left := time.Duration(float64(total-done) / rate * float64(time.Second))
	return fmt.Sprintf("%s, %s/s, %s left", text, Size(int64(rate)), left.Round(time.Second))
}
