package failure_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/safehttp"
)

func TestErrorsTellTheirClass(t *testing.T) {
	for _, tt := range []struct {
		name      string
		err       error
		class     images.Class
		transient bool
		notFound  bool
	}{
		{"rejected", &failure.RejectedError{As: images.ClassPolicy}, images.ClassPolicy, false, false},
		{"not found", &failure.NotFoundError{Name: "a", Where: "b"}, images.ClassNotFound, false, true},
		{"damaged", &failure.DamagedError{Reason: "is short"}, images.ClassDigest, false, false},
		{"another digest", &failure.DigestError{}, images.ClassDigest, false, false},
		{"interrupted", &failure.InterruptedError{Err: io.ErrUnexpectedEOF}, images.ClassNetwork, true, false},
		{"too long a wait", &failure.LongWaitError{Err: &failure.InterruptedError{Err: io.EOF}}, images.ClassNetwork, false, false},
		{"a full disk", syscall.ENOSPC, images.ClassDisk, false, false},
		{"too much", &bounded.ExceededError{Limit: 1}, images.ClassPolicy, false, false},
		{"another image's", context.Canceled, "", true, false},
		{"other", errors.New("other"), "", false, false},
	} {
		for _, err := range []error{tt.err, fmt.Errorf("wrapped: %w", tt.err), &failure.OperationError{Err: tt.err}} {
			if got := failure.Classify(err); got != tt.class {
				t.Errorf("%s: class %q, want %q", tt.name, got, tt.class)
			}
			if got := failure.IsTransient(err); got != tt.transient {
				t.Errorf("%s: transient is %t", tt.name, got)
			}
			if got := failure.IsNotFound(err); got != tt.notFound {
				t.Errorf("%s: not found is %t", tt.name, got)
			}
		}
	}
}

func TestRemedies(t *testing.T) {
	own := &failure.RejectedError{As: images.ClassPolicy, Advice: "do that"}
	if got := failure.RemedyOf(fmt.Errorf("wrapped: %w", own)); got != "do that" {
		t.Errorf("%q", got)
	}
	if got := failure.RemedyOf(&failure.RejectedError{As: images.ClassDisk}); got != images.ClassDisk.Remedy() {
		t.Errorf("%q", got)
	}
}

func TestLongWaitsSayWhatWasTried(t *testing.T) {
	err := failure.LongWait(&failure.OperationError{Doing: "pulling", Where: "quay.io/a:1", Err: errors.New("429")}, "quay.io", 72*time.Hour, time.Minute)
	for _, word := range []string{"pulling quay.io/a:1: 429;", "quay.io asks to retry after 3 days", "the limit of 1m0s"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%v does not say %q", err, word)
		}
	}
}

func TestBodiesThatEndEarly(t *testing.T) {
	stalled := &safehttp.IdleTimeoutError{Limit: time.Minute}
	exceeded := &bounded.ExceededError{Limit: 1}
	for _, tt := range []struct {
		name       string
		cause, err error
		want       error
		transient  bool
	}{
		{"the connection ended", nil, io.EOF, io.ErrUnexpectedEOF, true},
		{"nothing moved", stalled, context.Canceled, stalled, true},
		{"too much", nil, exceeded, exceeded, false},
		{"the user stopped it", context.DeadlineExceeded, io.EOF, context.DeadlineExceeded, true},
	} {
		got := failure.Interrupted(tt.cause, tt.err)
		if !errors.Is(got, tt.want) || failure.IsTransient(got) != tt.transient {
			t.Errorf("%s: %v, transient %t", tt.name, got, failure.IsTransient(got))
		}
	}
}

func TestDescriptionsHaveNoAddresses(t *testing.T) {
	err := &url.Error{Op: "Get", URL: "https://u:s3cret@quay.io/v2?token=s3cret", Err: errors.New("dial https://u:s3cret@quay.io?x=s3cret: no route")}
	if got := failure.Describe(err); strings.Contains(got, "s3cret") || strings.Contains(got, "Get") {
		t.Errorf("%q", got)
	}
}
