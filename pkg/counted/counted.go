// Package counted counts what is read of a body. It must not know what is in it.
package counted

import "io"

// Body is a body that tells what was read of it.
type Body struct {
	io.ReadCloser
	Count func(bytes int64) // called after each read, with what that has read
}

// Read implements io.Reader.
func (b *Body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.Count(int64(n))
	}
	return n, err
}
