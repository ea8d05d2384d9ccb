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
	maxLine    = 1 << 20 // bytes of a line; longer lines are ignored
	maxResults = 500_000 // of all shards
	maxRuns    = 1_000   // processes of a shard, each a pod that was replaced or a restarted container
	maxNotes   = 10_000  // different lines on stderr; the others are not shown
)

// longestWait bounds the wait that a line tells.
const longestWait = 24 * time.Hour

// Follower reads the logs of the pods of a copy, and reports progress as one copy. Lines may be
// missing, repeated or, between pods, in any order. A pod that replaces another one continues its
// shard. A Follower is safe for concurrent use; it calls the observer and note under a lock.
type Follower struct {
	observer progress.Observer
	note     func(line string)

	mu      sync.Mutex
	shards  []shard
	results map[images.Ref]images.Result // by target
	noted   map[string]bool
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
		results: map[images.Ref]images.Result{}, noted: map[string]bool{},
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

// Line reads a line of the log of a pod of a shard, from 0. A line that is not an event is a
// line on stderr.
func (f *Follower) Line(shard int, line []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 || shard < 0 || shard >= len(f.shards) {
		return
	}
	var e Event
	if line[0] != '{' || json.Unmarshal(line, &e) != nil || e.Version == 0 {
		f.show(string(line))
		return
	}
	if e.Version != Version {
		f.show(fmt.Sprintf("warning: the pod writes events of version %d, and this plugin reads version %d: its progress is not shown. Use the release of the plugin that started the copy", e.Version, Version))
		return
	}
	s := &f.shards[shard]
	if !s.isNew(e.Run, e.Number) {
		return
	}
	f.apply(s, e)
}

// apply applies an event that is new.
func (f *Follower) apply(s *shard, e Event) {
	switch {
	case e.Type == TypeProgress && e.Progress != nil && e.Run == s.run:
		f.advance(s.advance(*e.Progress))
	case e.Type == TypeImage, e.Type == TypeResults:
		for _, r := range e.Items {
			f.result(s, r)
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

// result keeps the result of an image. An earlier pod of the shard may have copied the image, and
// a later one finds it at the target: the copy as a whole has copied the image.
func (f *Follower) result(s *shard, r images.Result) {
	before, known := f.results[r.Target]
	switch {
	case !known && len(f.results) == maxResults:
		return
	case !known:
		if r.Outcome != images.Skipped {
			f.observer.Finished(r)
		}
	case before.Outcome == images.Copied && r.Outcome == images.Present,
		r.Outcome == images.Skipped && before.Outcome != images.Failed:
		s.saw(r.Target)
		return
	case before.Outcome == images.Skipped && r.Outcome != images.Skipped:
		f.observer.Finished(r)
	case before.Outcome != r.Outcome:
		f.show(fmt.Sprintf("%-8s %s, which an earlier pod reported as %s", r.Outcome, r.Source, before.Outcome))
	}
	f.results[r.Target] = r
	s.saw(r.Target)
}

// show passes a line on, once: pods of several shards write the same notes.
func (f *Follower) show(line string) {
	if f.noted[line] || len(f.noted) == maxNotes {
		return
	}
	f.noted[line] = true
	f.note(line)
}

// State is the end of a shard.
type State struct {
	Done  bool   // the last pod that was read has written its report
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
		report.Results = append(report.Results, r)
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
