package events

import "github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"

// shard is what is known of a shard: of its current process, and of those before.
type shard struct {
	run     string              // the current process; "": none
	numbers map[string]int64    // the highest number of an event of each process
	seen    map[images.Ref]bool // targets with a result of the current process
	report  *Report             // of the current process; nil: it has not ended
	now     Progress            // of the current process
	before  Progress            // of the processes before, together
	shown   Progress            // the highest sums that were reported
}

// maxBytes bounds sums, so that these can be added.
const maxBytes = 1 << 50

// isNew reports whether an event was not read before. The event of a process that started later
// than the one before begins that process.
func (s *shard) isNew(run string, number int64) bool {
	last, known := s.numbers[run]
	if number <= last || !known && len(s.numbers) == maxRuns {
		return false
	}
	if s.numbers == nil {
		s.numbers = map[string]int64{}
	}
	s.numbers[run] = number
	if run > s.run {
		s.before.Saved, s.before.Sent = sum(s.before.Saved, s.now.Saved), sum(s.before.Sent, s.now.Sent)
		s.run, s.seen, s.report, s.now = run, map[images.Ref]bool{}, nil, Progress{}
	}
	return true
}

// sum adds numbers of bytes.
func sum(a, b int64) int64 { return min(max(a, 0)+min(max(b, 0), maxBytes), maxBytes) }

// advance returns the progress since the last call. The plan of a new process is what its
// predecessors have left.
func (s *shard) advance(now Progress) Progress {
	s.now = now
	done := sum(s.before.Saved, s.before.Sent)
	sums := Progress{
		Resolved: max(s.shown.Resolved, min(now.Resolved, maxResults)),
		Planned:  max(s.shown.Planned, sum(done, now.Planned)),
		Saved:    max(s.shown.Saved, sum(s.before.Saved, now.Saved)),
		Sent:     max(s.shown.Sent, sum(s.before.Sent, now.Sent)),
	}
	by := Progress{
		Resolved: sums.Resolved - s.shown.Resolved, Planned: sums.Planned - s.shown.Planned,
		Saved: sums.Saved - s.shown.Saved, Sent: sums.Sent - s.shown.Sent,
	}
	s.shown = sums
	return by
}
