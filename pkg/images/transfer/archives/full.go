package archives

import "fmt"

// FullError says that there is no room for a blob.
type FullError struct {
	Dir        string
	Need, Free int64 // bytes
}

func (e *FullError) Error() string {
	return fmt.Sprintf("%s has %d MiB free, and %d MiB are needed", e.Dir, e.Free>>20, e.Need>>20)
}
