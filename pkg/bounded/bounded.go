// Package bounded reads untrusted input with a size limit, and cuts untrusted text. It must not know the
// content.
package bounded

import (
	"fmt"
	"io"
)

// ExceededError is input beyond its size limit.
type ExceededError struct {
	Limit int64 // in bytes
}

func (e *ExceededError) Error() string { return "larger than " + size(e.Limit) }

// size formats a number of bytes in the largest unit that divides it.
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

// ReadAll reads the input up to a limit in bytes. Longer input is an *ExceededError;
// ReadAll then has read at most one byte beyond the limit.
func ReadAll(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(data)) > limit {
		return nil, &ExceededError{Limit: limit}
	}
	return data, err
}
