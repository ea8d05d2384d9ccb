package progress_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/progress"
)

// recorder is an observer that records its calls.
type recorder struct {
	started, moved int64
	waits, hosts   []string
	finished       []images.Result
}

func (r *recorder) Started(images.Copy)                { r.started++ }
func (r *recorder) Planned(int64)                      {}
func (r *recorder) Resolved()                          {}
func (r *recorder) Saved(int64)                        {}
func (r *recorder) Warned(string)                      {}
func (r *recorder) Transferred(_ images.Copy, n int64) { r.moved += n }
func (r *recorder) Finished(res images.Result)         { r.finished = append(r.finished, res) }
func (r *recorder) Waiting(host, why string, _ time.Duration) {
	r.waits, r.hosts = append(r.waits, why), append(r.hosts, host)
}

func TestBooks(t *testing.T) {
	rec := &recorder{}
	pauses := 0
	copied := images.Copy{Source: images.Ref{Registry: "quay.io", Repository: "a", Tag: "1"}}
	books := progress.New(copied, rec, func() { pauses++ })
	books.Start()
	books.Start()
	books.Sent(100)
	books.Mount(50)
	books.Waiting(2, errors.New("503"), time.Second)
	books.Waiting(3, errors.New("429"), 2*time.Second)
	books.Remark(2, 1)
	got := books.Finish(images.Copied, "sha256:1", nil)
	books.Sent(1000)
	books.Waiting(9, errors.New("late"), time.Second)

	if rec.started != 1 || rec.moved != 100 || pauses != 1 || len(rec.finished) != 1 {
		t.Errorf("%+v, %d pauses", rec, pauses)
	}
	if diff := cmp.Diff([]string{"503", "429"}, rec.waits); diff != "" {
		t.Error(diff)
	}
	if got.Seconds <= 0 {
		t.Error("it took no time")
	}
	got.Seconds, got.Source = 0, images.Ref{}
	want := images.Result{
		Outcome: images.Copied, Digest: "sha256:1", Bytes: 100, Mounted: 50, Attached: 2, Attempts: 3,
		Notes: []string{"non-distributable layers that were not copied: 1"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestWaitingNamesTheHostThatFailed uses texts that name another host.
func TestWaitingNamesTheHostThatFailed(t *testing.T) {
	source, target := images.Ref{Registry: "quay.io"}, images.Ref{Registry: "mirror.example.com"}
	pulling := &failure.OperationError{Doing: "pushing", Where: "a", Err: errors.New("503")}
	pushing := &failure.OperationError{Doing: "pulling", Where: "a", AtTarget: true, Err: errors.New("503")}
	rec := &recorder{}
	for _, copied := range []images.Copy{{Source: source, Target: target}, {Source: source}} {
		books := progress.New(copied, rec, nil)
		books.Waiting(1, pulling, time.Second)
		books.Waiting(1, pushing, time.Second)
	}
	if diff := cmp.Diff([]string{"quay.io", "mirror.example.com", "quay.io", "quay.io"}, rec.hosts); diff != "" {
		t.Error(diff)
	}
}

func TestFailuresHaveARemedy(t *testing.T) {
	cause := &failure.RejectedError{As: images.ClassDisk, Msg: "there is no room"}
	got := progress.New(images.Copy{}, nil, nil).Finish(images.Failed, "", cause)
	if got.Class != images.ClassDisk || got.Error != "there is no room" || got.Remedy != images.ClassDisk.Remedy() || got.Attempts != 0 {
		t.Errorf("%+v", got)
	}
}
