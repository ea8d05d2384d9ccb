// Package bounded reads what others wrote without trusting its size. It knows limits, and
// nothing of what is read.
package bounded

import (
	"fmt"
	"io"
)

// ExceededError is input that is larger than it may be.
type ExceededError struct {
	Limit int64 // in bytes
}

func (e *ExceededError) Error() string { return "larger than " + size(e.Limit) }

// size is a number of bytes in the largest unit that divides it.
func size(bytes int64) string {
	units := []struct {
		shift int
		name  string
	}{{30, "GiB"}, {20, "MiB"}, {10, "KiB"}}
	for _, unit := range units {
		if whole := bytes >> unit.shift; whole > 0 && whole<<unit.shift == bytes {
			return fmt.Sprintf("%d %s", whole, unit.name)
		}
	}
	return fmt.Sprintf("%d bytes", bytes)
}

// ReadAll reads to the end of the input, but not beyond a limit in bytes. Input that is
// larger is an *ExceededError, and at most one byte more than the limit was read of it.
func ReadAll(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(data)) > limit {
		return nil, &ExceededError{Limit: limit}
	}
	return data, err
}
