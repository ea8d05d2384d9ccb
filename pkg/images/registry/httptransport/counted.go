package httptransport

import "io"

// CountedBody says what was read of it.
type CountedBody struct {
	io.ReadCloser
	Count func(int64)
}

func (b *CountedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.Count(int64(n))
	}
	return n, err
}
