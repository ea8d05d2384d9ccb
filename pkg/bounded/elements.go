package bounded

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// CountError is a list with too many elements.
type CountError struct {
	Limit int
}

func (e *CountError) Error() string { return fmt.Sprintf("more than %d elements", e.Limit) }

// Elements decodes a JSON array element by element, and calls take with each. It stops at
// the first error of take, so that a short text with many empty elements costs the memory
// of one element. An array with more elements than the limit is a *CountError. null and
// empty input are empty arrays.
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
