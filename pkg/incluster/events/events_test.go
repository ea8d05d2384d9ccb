package events_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster/events"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/seeded"
)

// screen is what a terminal shows: an observer that counts.
type screen struct {
	planned, saved, sent int64
	resolved             int
	finished             []images.Result
	waits                []string
	notes                []string
}

func (s *screen) Started(images.Copy)                {}
func (s *screen) Planned(n int64)                    { s.planned += n }
func (s *screen) Resolved()                          { s.resolved++ }
func (s *screen) Saved(n int64)                      { s.saved += n }
func (s *screen) Transferred(_ images.Copy, n int64) { s.sent += n }
func (s *screen) Warned(text string)                 { s.note("observed " + text) }
func (s *screen) Finished(r images.Result)           { s.finished = append(s.finished, r) }
func (s *screen) note(line string)                   { s.notes = append(s.notes, line) }
func (s *screen) Waiting(host, reason string, d time.Duration) {
	s.waits = append(s.waits, fmt.Sprintf("%s for %s: %s", d, host, reason))
}

func follow(shards int) (*events.Follower, *screen) {
	s := &screen{}
	return events.NewFollower(shards, s, s.note), s
}

func result(i int, outcome images.Outcome) images.Result {
	ref := images.Ref{Registry: "quay.io", Repository: fmt.Sprintf("app-%03d", i), Tag: "v1"}
	target := ref
	target.Registry = "registry.example.com"
	r := images.Result{Source: ref, Target: target, Kind: images.KindImage, Outcome: outcome, Bytes: int64(100 * i), Digest: "sha256:" + strings.Repeat("0", 64)}
	if outcome == images.Failed {
		r.Class, r.Error, r.Notes = images.ClassAuth, "denied \"by\" \x1b[31m the\nregistry", []string{"a note", strings.Repeat("long ", 500)}
	}
	return r
}

// pod runs a copy of some images as a process does, and returns the lines of its log.
func pod(t *testing.T, results []images.Result, end bool) [][]byte {
	t.Helper()
	var log bytes.Buffer
	w := events.NewWriter(&log)
	fmt.Fprint(w.Notes(), "a note\nanother ")
	fmt.Fprint(w.Notes(), "note\n\nno end")
	w.Begin(len(results))
	w.Warned("a warning")
	w.Waiting("quay.io", "503", 1500*time.Millisecond)
	for _, r := range results {
		w.Started(images.Copy{})
		w.Planned(r.Bytes + 10)
		w.Resolved()
		w.Saved(10)
		w.Transferred(images.Copy{}, r.Bytes)
		w.Finished(r)
	}
	if end {
		w.End(3, "error: 1 of 5 images could not be copied\nauth: log in")
	}
	lines := bytes.SplitAfter(log.Bytes(), []byte("\n"))
	return lines[:len(lines)-1]
}

func someResults(from, to int, outcome images.Outcome) []images.Result {
	var list []images.Result
	for i := from; i < to; i++ {
		list = append(list, result(i, outcome))
	}
	return list
}

func TestTheTerminalShowsWhatThePodDoes(t *testing.T) {
	results := append(someResults(0, 40, images.Copied), result(40, images.Present), result(41, images.Failed))
	f, s := follow(1)
	for _, line := range pod(t, results, true) {
		f.Line(0, line)
	}
	want := &screen{
		planned: 86100 + 420, saved: 420, sent: 86100, resolved: 42, finished: results,
		waits: []string{"1.5s for quay.io: 503"}, notes: []string{"a note", "another note", "warning: a warning", "no end"},
	}
	if diff := cmp.Diff(want, s, cmp.AllowUnexported(screen{})); diff != "" {
		t.Error(diff)
	}
	report, states := f.Result()
	if diff := cmp.Diff(results, report.Results); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]events.State{{Done: true, Exit: 3, Error: "error: 1 of 5 images could not be copied\nauth: log in"}}, states); diff != "" {
		t.Error(diff)
	}
}

// TestLogsNeedNotBeWhole loses lines and repeats others. The lines of the end are enough for the
// report.
func TestLogsNeedNotBeWhole(t *testing.T) {
	random := seeded.New(t)
	results := append(someResults(0, 60, images.Copied), result(60, images.Failed))
	for range 50 {
		lines := pod(t, results, true)
		ending := slices.IndexFunc(lines, func(line []byte) bool { return bytes.Contains(line, []byte(`"results"`)) })
		var got [][]byte
		for i, line := range lines {
			if i >= ending || random.IntN(3) > 0 {
				got = append(got, line)
			}
			if random.IntN(10) == 0 { // the connection is made again
				got = append(got, got[max(0, len(got)-random.IntN(20)):]...)
			}
		}
		f, s := follow(1)
		for _, line := range got {
			f.Line(0, line)
		}
		if report, states := f.Result(); !cmp.Equal(results, report.Results) || !states[0].Done || states[0].Lost != 0 {
			t.Errorf("%s, %+v", cmp.Diff(results, report.Results), states)
		}
		if len(s.finished) != len(results) || s.planned > 183000+610 || s.sent > 183000 || s.resolved > len(results) {
			t.Errorf("shown: %d of %d images, %d resolved, %d and %d bytes", len(s.finished), len(results), s.resolved, s.planned, s.sent)
		}
	}
}

// TestLostResultsAreCounted reads a log whose last results are lost.
func TestLostResultsAreCounted(t *testing.T) {
	lines := pod(t, someResults(0, 3, images.Copied), true)
	f, _ := follow(1)
	f.Line(0, lines[len(lines)-1])
	if report, states := f.Result(); len(report.Results) != 0 || states[0].Lost != 3 {
		t.Errorf("%v, %+v", report, states)
	}
}

// TestAnotherPodContinues ends the first pod in the middle of a copy. The images that it copied are
// copied, though its successor finds them at the target.
func TestAnotherPodContinues(t *testing.T) {
	f, s := follow(1)
	first := pod(t, someResults(0, 10, images.Copied), false)
	for _, line := range first {
		f.Line(0, line)
	}
	if _, states := f.Result(); states[0].Done {
		t.Error("the first pod has not ended")
	}
	if s.planned != 4500+100 || s.sent != 4500 {
		t.Errorf("%d of %d bytes are shown", s.sent, s.planned)
	}
	second := slices.Concat(someResults(0, 10, images.Present), someResults(10, 20, images.Copied))
	for i := range 10 {
		second[i].Bytes = 0
	}
	for _, line := range pod(t, second, true) {
		f.Line(0, line)
	}
	for _, line := range first { // its log is read again
		f.Line(0, line)
	}
	want := someResults(0, 20, images.Copied)
	report, states := f.Result()
	if diff := cmp.Diff(want, report.Results); diff != "" || !states[0].Done || states[0].Lost != 0 {
		t.Error(diff, states)
	}
	if diff := cmp.Diff(want, s.finished); diff != "" {
		t.Error(diff)
	}
	if s.sent != 4500+14500 || s.saved != 300 || s.planned != s.sent+s.saved || s.resolved != 20 {
		t.Errorf("shown: %+v", s)
	}
}

// TestLogsAreReadInAnyOrder reads the log of the first pod after that of its successor.
func TestLogsAreReadInAnyOrder(t *testing.T) {
	first := pod(t, []images.Result{result(1, images.Copied), result(2, images.Failed), result(3, images.Skipped)}, true)
	second := pod(t, []images.Result{result(1, images.Present), result(2, images.Copied), result(3, images.Copied)}, true)
	want := someResults(1, 4, images.Copied)
	for _, lines := range [][][]byte{slices.Concat(first, second), slices.Concat(second, first), slices.Concat(second[:7], first, second)} {
		f, s := follow(1)
		for _, line := range lines {
			f.Line(0, line)
		}
		report, states := f.Result()
		if diff := cmp.Diff(want, report.Results); diff != "" || !states[0].Done || states[0].Lost != 0 {
			t.Error(diff, states)
		}
		if len(s.finished) != 3 {
			t.Errorf("%d images are shown as finished", len(s.finished))
		}
	}
}

func TestOutcomesOfSeveralPods(t *testing.T) {
	const copied, present, skipped, failed = images.Copied, images.Present, images.Skipped, images.Failed
	for _, tt := range []struct {
		first, second, want images.Outcome
		shown               int // as finished
	}{
		{copied, present, copied, 1},
		{copied, skipped, copied, 1},
		{copied, failed, failed, 1},
		{present, skipped, present, 1},
		{present, copied, copied, 1},
		{failed, copied, copied, 1},
		{failed, skipped, skipped, 1},
		{skipped, copied, copied, 1},
		{skipped, skipped, skipped, 0},
	} {
		f, s := follow(1)
		for _, outcome := range []images.Outcome{tt.first, tt.second} {
			for _, line := range pod(t, []images.Result{result(1, outcome)}, true) {
				f.Line(0, line)
			}
		}
		report, _ := f.Result()
		if report.Results[0].Outcome != tt.want || len(s.finished) != tt.shown {
			t.Errorf("%s, then %s: %s, shown %d times", tt.first, tt.second, report.Results[0].Outcome, len(s.finished))
		}
	}
}

func TestShardsAreOneReport(t *testing.T) {
	f, s := follow(3)
	results := someResults(0, 90, images.Copied)
	shards := make([][]images.Result, 3)
	for i, r := range results {
		shards[i%2] = append(shards[i%2], r) // the third has none
	}
	var group sync.WaitGroup
	for i, part := range shards {
		log := bytes.Join(pod(t, part, i != 1), nil)
		group.Go(func() {
			if err := f.Read(i, iotest.OneByteReader(bytes.NewReader(log))); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	report, states := f.Result()
	if diff := cmp.Diff(results, report.Results); diff != "" {
		t.Error(diff)
	}
	if !states[0].Done || states[1].Done || !states[2].Done {
		t.Errorf("%+v", states)
	}
	if len(s.finished) != 90 || s.resolved != 90 || s.sent != 400500 || !slices.Equal(s.notes[:2], []string{"a note", "another note"}) || len(s.notes) > 4 {
		t.Errorf("%d images, notes %q", len(s.finished), s.notes)
	}
}

func TestOtherLines(t *testing.T) {
	f, s := follow(1)
	long := `{"v":1,"run":"a","n":1,"type":"note","text":"` + strings.Repeat("x", 2<<20) + `"}`
	log := strings.Join([]string{
		"panic: something\r", "", long, `{"v":1,"run":"a","n":2,"type":"later","text":"no"}`, `{"v":1,`, `{}`,
		`{"v":1,"run":"a","n":3,"type":"image"}`, `{"v":1,"run":"a","n":4,"type":"progress"}`, `{"v":1,"run":"a","n":5,"type":"wait"}`, `{"v":1,"run":"a","n":6,"type":"report"}`,
		`{"v":1,"run":"a","n":7,"type":"wait","wait":{"host":"quay.io","reason":"429","seconds":1e300}}`,
		`{"v":1,"run":"a","n":8,"type":"wait","wait":{"host":"quay.io","reason":"429","seconds":-1}}`,
		`{"v":1,"run":"a","n":9,"type":"progress","progress":{"resolved":-5,"planned":-5,"sent":9223372036854775807}}`,
		`{"v":1,"run":"b","n":1,"type":"progress","progress":{"sent":9223372036854775807}}`,
		`{"v":1,"run":"c","n":1,"type":"progress","progress":{"sent":9223372036854775807}}`,
		`{"v":2,"run":"a","n":10,"type":"note","text":"of version 2"}`, `{"v":2,"run":"a","n":11,"type":"note","text":"more"}`, "no end",
	}, "\n")
	if err := f.Read(0, strings.NewReader(log)); err != nil {
		t.Fatal(err)
	}
	f.Line(1, []byte("of no shard"))
	f.Line(-1, []byte("of no shard"))
	want := []string{"panic: something", `{}`, "no end"}
	s.notes = slices.DeleteFunc(s.notes, func(note string) bool { return strings.HasPrefix(note, "warning: the pod writes events of version 2") })
	if diff := cmp.Diff(want, s.notes); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"24h0m0s for quay.io: 429", "0s for quay.io: 429"}, s.waits); diff != "" {
		t.Error(diff)
	}
	broken := io.MultiReader(strings.NewReader("a line\n"), iotest.ErrReader(io.ErrUnexpectedEOF))
	if err := f.Read(0, broken); err != io.ErrUnexpectedEOF { //nolint:errorlint // passed on unchanged
		t.Errorf("%v", err)
	}
}

// TestLinesAreShort expects that a container runtime splits no line, and that there are few of
// them.
func TestLinesAreShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		w := events.NewWriter(&log)
		w.Begin(200)
		for range 3600 {
			time.Sleep(time.Second)
			w.Transferred(images.Copy{}, 1<<20)
		}
		if lines := bytes.Count(log.Bytes(), []byte("\n")); lines < 1700 || lines > 1801 {
			t.Errorf("%d lines in an hour", lines)
		}
		for i := range 200 {
			w.Finished(result(i, images.Failed))
		}
		w.End(3, "")
		for line := range bytes.Lines(log.Bytes()) {
			if len(line) > 16<<10 || !json.Valid(line) {
				t.Errorf("%d bytes: %.100s", len(line), line)
			}
		}
		fmt.Fprint(w.Notes(), strings.Repeat("x", 1<<20)+"\nshort\n")
		lines := bytes.Split(log.Bytes(), []byte("\n"))
		if long := lines[len(lines)-3]; len(long) > 65<<10 || !bytes.Contains(lines[len(lines)-2], []byte(`"short"`)) {
			t.Errorf("a note of %d bytes, then %s", len(long), lines[len(lines)-2])
		}
	})
}

func FuzzFollower(f *testing.F) {
	f.Add([]byte("text\n{}\n"), uint64(0))
	f.Add([]byte(`{"v":1,"run":"a","n":1,"type":"image","items":[{"source":"alpine","target":"registry.example.com/alpine","outcome":"copied"}]}`), uint64(1))
	f.Add([]byte(`{"v":1,"run":"a","n":1,"type":"progress","progress":{"images":3,"planned":9223372036854775807,"sent":-3}}`), uint64(2))
	f.Add([]byte(`{"v":1,"run":"a","n":9223372036854775807,"type":"report","report":{"exit":1,"results":-1}}`), uint64(3))
	f.Fuzz(func(t *testing.T, log []byte, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 0))
		follower, s := follow(2)
		for range 3 {
			if err := follower.Read(random.IntN(2), bytes.NewReader(log[random.IntN(len(log)+1):])); err != nil {
				t.Fatal(err)
			}
		}
		report, states := follower.Result()
		if len(states) != 2 || states[0].Lost < 0 || s.planned < 0 || s.sent < 0 || s.saved < 0 {
			t.Errorf("%+v, %+v", states, s)
		}
		for i := 1; i < len(report.Results); i++ {
			if report.Results[i-1].Target.String() >= report.Results[i].Target.String() {
				t.Error("results are not in the order of their targets")
			}
		}
	})
}
