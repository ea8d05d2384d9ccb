// Package counted counts the bytes that are read from a body. It must not know the content.
package counted

import "io"

// Body is a body that reports the bytes that are read from it.
type Body struct {
	io.ReadCloser
	Count func(bytes int64) // called after each read
}

// Read implements io.Reader.
func (b *Body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.Count(int64(n))
	}
	return n, err
}
