package bounded_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
)

func TestReadAll(t *testing.T) {
	for _, tt := range []struct {
		input string
		limit int64
		want  string // the error; "": none
	}{
		{"", 0, ""},
		{"four", 4, ""},
		{"four", 3, "larger than 3 bytes"},
		{strings.Repeat("a", 1025), 1024, "larger than 1 KiB"},
	} {
		data, err := bounded.ReadAll(strings.NewReader(tt.input), tt.limit)
		if tt.want == "" {
			if err != nil || string(data) != tt.input {
				t.Errorf("%d bytes, limit %d: got %q, %v", len(tt.input), tt.limit, data, err)
			}
			continue
		}
		var exceeded *bounded.ExceededError
		if !errors.As(err, &exceeded) || exceeded.Limit != tt.limit || err.Error() != tt.want {
			t.Errorf("%d bytes, limit %d: got %v, want %q", len(tt.input), tt.limit, err, tt.want)
		}
	}
}

func TestReadAllStopsAtTheLimit(t *testing.T) {
	endless := &counter{}
	if _, err := bounded.ReadAll(endless, 1<<20); err == nil {
		t.Error("an endless input was read to its end")
	}
	if endless.read > 1<<20+1 {
		t.Errorf("%d bytes were read", endless.read)
	}
}

// counter is endless input.
type counter struct{ read int64 }

func (c *counter) Read(p []byte) (int, error) {
	c.read += int64(len(p))
	return len(p), nil
}
