package storage

import "io"

// explained makes errors of reading say so, because they surface when writing.
type explained struct {
	io.ReadCloser
	wrap func(error) error
}

// Read implements io.Reader.
func (r *explained) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err == nil || err == io.EOF {
		return n, err
	}
	return n, r.wrap(err)
}
