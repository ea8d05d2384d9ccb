package storage_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage"
)

func TestWhatIsWrappedStays(t *testing.T) {
	source := storage.Location{Label: "quay.io/a:1", Doing: "pulling"}
	target := storage.Location{Label: "mirror/a:1", Doing: "pushing", Write: true}
	cause := errors.New("it is broken")
	err := target.Wrap("manifest", source.Wrap("blob", cause))
	if !errors.Is(err, cause) || err.Error() != "pulling quay.io/a:1: blob: it is broken" || failure.IsAtTarget(err) {
		t.Errorf("%v", err)
	}
	if err := target.Wrap("", cause); err.Error() != "pushing mirror/a:1: it is broken" || !failure.IsAtTarget(err) {
		t.Errorf("%v", err)
	}
	if err := target.Wrap("blob", nil); err != nil {
		t.Errorf("%v", err)
	}
}

type failing struct{ io.Reader }

func (failing) Read([]byte) (int, error) { return 0, errors.New("it is broken") }

func TestReadersSayWhatFailed(t *testing.T) {
	at := storage.Location{Label: "quay.io/a:1", Doing: "pulling"}
	_, err := io.ReadAll(at.Wrapped("blob", io.NopCloser(failing{})))
	if err == nil || !strings.HasPrefix(err.Error(), "pulling quay.io/a:1: blob: ") {
		t.Errorf("%v", err)
	}
	if data, err := io.ReadAll(at.Wrapped("blob", io.NopCloser(strings.NewReader("x")))); string(data) != "x" || err != nil {
		t.Errorf("%q, %v", data, err)
	}
}
