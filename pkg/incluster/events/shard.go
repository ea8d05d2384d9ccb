package events

import "github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"

// shard is what is known of a shard: of its current process, and of those before.
type shard struct {
	run     string                  // the current process; "": none
	numbers map[string]int64        // the highest number of an event of each process
	seen    map[images.Ref]bool     // targets with a result of the current process
	report  *Report                 // of the current process; nil: it has not ended
	now     Progress                // of the current process
	before  Progress                // of the processes before, together
	shown   Progress                // the highest sums that were reported
}

// isNew reports whether an event was not read before. An event of another process begins that
// process, unless it is an earlier one.
func (s *shard) isNew(run string, number int64) bool {
	last, known := s.numbers[run]
	if number <= last {
		return false
	}
	if !known {
		if len(s.numbers) == maxRuns {
			return false
		}
		s.begin(run)
	}
	s.numbers[run] = number
	return true
}

func (s *shard) begin(run string) {
	if s.numbers == nil {
		s.numbers = map[string]int64{}
	}
	s.before.Saved, s.before.Sent = images.Add(s.before.Saved, s.now.Saved), images.Add(s.before.Sent, s.now.Sent)
	s.run, s.seen, s.report, s.now = run, map[images.Ref]bool{}, nil, Progress{}
}

func (s *shard) saw(target images.Ref) { s.seen[target] = true }

// advance returns the progress since the last call. The plan of a new process is what its
// predecessors have left.
func (s *shard) advance(now Progress) Progress {
	s.now = now
	done := images.Add(s.before.Saved, s.before.Sent)
	sums := Progress{
		Resolved: max(s.shown.Resolved, min(now.Resolved, maxResults)),
		Planned:  max(s.shown.Planned, images.Add(done, now.Planned)),
		Saved:    max(s.shown.Saved, images.Add(s.before.Saved, now.Saved)),
		Sent:     max(s.shown.Sent, images.Add(s.before.Sent, now.Sent)),
	}
	by := Progress{
		Resolved: sums.Resolved - s.shown.Resolved, Planned: sums.Planned - s.shown.Planned,
		Saved: sums.Saved - s.shown.Saved, Sent: sums.Sent - s.shown.Sent,
	}
	s.shown = sums
	return by
}
