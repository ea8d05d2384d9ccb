package events

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/progress"
)

// Bounds of logs, which whoever may change the pods can write.
const (
	maxLine    = 1 << 20   // bytes of a line; longer lines are ignored
	maxResults = 500_000   // of all shards
	maxRuns    = 1_000     // processes of a shard, each a pod that was replaced or a restarted container
	maxKept    = 256 << 20 // bytes of results and of different lines on stderr, of all shards; what comes later is ignored
)

// longestWait bounds the wait that a line tells.
const longestWait = 24 * time.Hour

// Follower reads the logs of the pods of a copy, and reports progress as one copy. Lines may be
// missing or repeated, and the logs of pods are read in any order. A pod that replaces another one
// continues its shard. A Follower is safe for concurrent use; it calls the observer and note under a lock.
type Follower struct {
	observer progress.Observer
	note     func(line string)

	mu      sync.Mutex
	shards  []shard
	results map[images.Ref]outcome // by target
	noted   map[string]bool
	kept    int // bytes of both
}

// NewFollower returns a follower of a number of shards. observer gets the progress of all of
// them: an image ends there once, also if several pods tried to copy the image. note gets lines
// that pods write on stderr. Both may be nil.
func NewFollower(shards int, observer progress.Observer, note func(line string)) *Follower {
	if note == nil {
		note = func(string) {}
	}
	return &Follower{
		observer: progress.OrNobody(observer), note: note, shards: make([]shard, shards),
		results: map[images.Ref]outcome{}, noted: map[string]bool{},
	}
}

// Read reads the log of a pod of a shard, from 0, until its end. It may be called again with
// the same log, from any line.
func (f *Follower) Read(shard int, log io.Reader) error {
	lines := bufio.NewReaderSize(log, 64<<10)
	var line []byte
	for {
		piece, err := lines.ReadSlice('\n')
		if line = append(line, piece...); len(line) > maxLine {
			line = line[:maxLine+1] // too long: not an event
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if len(line) <= maxLine {
			f.Line(shard, line)
		}
		line = line[:0]
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// prefix begins each event.
const prefix = `{"v":`

// Line reads a line of the log of a pod of a shard, from 0. A line that is not an event is a
// line on stderr.
func (f *Follower) Line(shard int, line []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 || shard < 0 || shard >= len(f.shards) {
		return
	}
	if !bytes.HasPrefix(line, []byte(prefix)) {
		f.show(string(line))
		return
	}
	var e Event
	if json.Unmarshal(line, &e) != nil {
		return // cut, because the connection broke
	}
	if e.Version != Version {
		f.show(fmt.Sprintf("warning: the pod writes events of version %d, and this plugin reads version %d: its progress is not shown. Use the release of the plugin that started the copy", e.Version, Version))
		return
	}
	s := &f.shards[shard]
	if !s.isNew(e.Run, e.Number) {
		return
	}
	f.apply(s, e, len(line))
}

// apply applies an event that is new, of a line of some bytes.
func (f *Follower) apply(s *shard, e Event, size int) {
	switch {
	case e.Type == TypeProgress && e.Progress != nil && e.Run == s.run:
		f.advance(s.advance(*e.Progress))
	case e.Type == TypeImage, e.Type == TypeResults:
		for _, r := range e.Items {
			f.add(s, outcome{Result: r, run: e.Run, size: size / len(e.Items)})
		}
	case e.Type == TypeNote:
		f.show(e.Text)
	case e.Type == TypeWait && e.Wait != nil:
		seconds := min(max(0, e.Wait.Seconds), longestWait.Seconds())
		f.observer.Waiting(e.Wait.Host, e.Wait.Reason, time.Duration(seconds*float64(time.Second)))
	case e.Type == TypeReport && e.Report != nil && e.Run == s.run:
		s.report = e.Report
	}
}

// advance reports progress since the last event.
func (f *Follower) advance(by Progress) {
	if by.Planned > 0 {
		f.observer.Planned(by.Planned)
	}
	for range by.Resolved {
		f.observer.Resolved()
	}
	if by.Saved > 0 {
		f.observer.Saved(by.Saved)
	}
	if by.Sent > 0 {
		f.observer.Transferred(images.Copy{}, by.Sent)
	}
}

// outcome is the result of an image, and the last process that told one.
type outcome struct {
	images.Result
	run  string
	size int // in a line, about
}

// add keeps the result of an image, if it is new.
func (f *Follower) add(s *shard, r outcome) {
	before, known := f.results[r.Target]
	if !known && len(f.results) == maxResults || f.kept+r.size > maxKept {
		return
	}
	if !known {
		f.kept += r.size
	}
	if r.run == s.run {
		s.seen[r.Target] = true
	}
	if !known {
		f.results[r.Target] = r
		if r.Outcome != images.Skipped {
			f.observer.Finished(r.Result)
		}
		return
	}
	after := merge(before, r)
	f.kept += after.size - before.size
	f.results[r.Target] = after
	switch {
	case after.Outcome == before.Outcome:
	case before.Outcome == images.Skipped:
		f.observer.Finished(after.Result)
	default:
		f.show(fmt.Sprintf("%-8s %s, which another pod reported as %s", after.Outcome, after.Source, before.Outcome))
	}
}

// merge returns the result of two processes. What an earlier one has copied, a later one finds at
// the target, and an interrupted one does not try: the copy as a whole has copied the image.
func merge(a, b outcome) outcome {
	earlier, later := a, b
	if b.run < a.run {
		earlier, later = b, a
	}
	done := earlier.Outcome == images.Copied || earlier.Outcome == images.Present
	if later.Outcome == images.Skipped && done || later.Outcome == images.Present && earlier.Outcome == images.Copied {
		later.Result, later.size = earlier.Result, earlier.size
	}
	return later
}

// show passes a line on, once: pods of several shards write the same notes.
func (f *Follower) show(line string) {
	if f.noted[line] || f.kept+len(line) > maxKept {
		return
	}
	f.noted[line] = true
	f.kept += len(line)
	f.note(line)
}

// State is the end of a shard.
type State struct {
	Done  bool   // the pod that started last has written its report
	Exit  int    // exit code of the pod
	Error string // as the pod prints it
	Lost  int    // results that the report counts, and that no line had
}

// Result returns the results so far, in the order of a plan, and the state of each shard.
func (f *Follower) Result() (images.Report, []State) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var report images.Report
	for _, r := range f.results {
		report.Results = append(report.Results, r.Result)
	}
	slices.SortFunc(report.Results, func(a, b images.Result) int { return strings.Compare(a.Target.String(), b.Target.String()) })
	states := make([]State, len(f.shards))
	for i, s := range f.shards {
		if s.report != nil {
			states[i] = State{Done: true, Exit: s.report.Exit, Error: s.report.Error, Lost: max(0, s.report.Results-len(s.seen))}
		}
	}
	return report, states
}
