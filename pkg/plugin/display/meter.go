package display

import (
	"fmt"
	"sync"
	"time"
)

// meter counts the planned and the finished bytes of a sync, and measures the rate. The number of
// finished bytes never decreases.
type meter struct {
	images int // of the plan

	mu       sync.Mutex
	known    int // images whose bytes are planned
	finished int // images that are done, or have failed
	planned  int64
	saved    int64
	moved    int64
	samples  []sample // of the last seconds, the oldest first
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

func (m *meter) resolve() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.known++
}

// complete tells whether the bytes of all images are planned. The lock must be held.
func (m *meter) complete() bool { return m.known >= m.images }

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

func (m *meter) finish() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.finished++
}

// full is the length of a bar. Only a bar whose images are all finished is full.
const full = 1000

// share is the length of the bar that is done. An image that is not planned yet counts as the
// average of the others.
func (m *meter) share() int64 {
	done, total := m.length()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.finished >= m.images {
		return full
	}
	if m.known > 0 && !m.complete() {
		total = total * int64(m.images) / int64(m.known)
	}
	if total == 0 {
		return min(full-1, full*int64(m.finished)/int64(m.images))
	}
	return min(full-1, full*done/total)
}

// state is the bytes, the rate and the time left, as far as these are known: the time is
// not, as long as images are not planned.
func (m *meter) state(now time.Time) string {
	done, total := m.length()
	m.mu.Lock()
	defer m.mu.Unlock()
	if total == 0 && m.moved > 0 {
		return Size(m.moved) // of files, whose sizes are not known before
	}
	if !m.complete() {
		return fmt.Sprintf("%s of at least %s", Size(done), Size(total))
	}
	text := fmt.Sprintf("%s of %s", Size(done), Size(total))
	if len(m.samples) < 2 {
		return text
	}
	first := m.samples[0]
	took := now.Sub(first.at)
	rate := float64(m.moved-first.moved) / max(took.Seconds(), 0.001)
	if rate < 1 {
		return text
	}
	if total == done {
		return text
	}
	left := time.Duration(float64(total-done) / rate * float64(time.Second)).Round(time.Second)
	return fmt.Sprintf("%s, %s/s, %s left", text, Size(int64(rate)), max(left, time.Second))
}
