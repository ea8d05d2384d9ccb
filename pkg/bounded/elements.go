package bounded

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// CountError is a list with more elements than it may have.
type CountError struct {
	Limit int
}

func (e *CountError) Error() string { return fmt.Sprintf("more than %d elements", e.Limit) }

// Elements decodes a JSON array one element after the other, and gives each to take. It
// ends with the error that take returns, so that a short text which stands for many empty
// elements costs no more memory than the first of them. An array with more elements than
// the limit is a *CountError. null, and no data at all, is an array without elements.
func Elements[T any](array []byte, limit int, take func(T) error) error {
	if len(array) == 0 {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(array))
	begin, err := decoder.Token()
	if err != nil || begin == nil {
		return err
	}
	if begin != json.Delim('[') {
		return fmt.Errorf("expected a JSON array, found %v", begin)
	}
	for n := 0; decoder.More(); n++ {
		if n == limit {
			return &CountError{Limit: limit}
		}
		var element T
		if err := decoder.Decode(&element); err != nil {
			return err
		}
		if err := take(element); err != nil {
			return err
		}
	}
	_, err = decoder.Token()
	return err
}
