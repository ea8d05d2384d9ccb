package counted_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/counted"
)

func TestBody(t *testing.T) {
	var counts []int64
	body := &counted.Body{ReadCloser: io.NopCloser(strings.NewReader("12345")), Count: func(n int64) { counts = append(counts, n) }}
	buffer := make([]byte, 3)
	for {
		if _, err := body.Read(buffer); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if len(counts) != 2 || counts[0] != 3 || counts[1] != 2 {
		t.Errorf("counted %v, want 3 and 2", counts)
	}
}
