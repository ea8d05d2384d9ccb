//go:build !linux

package node

import (
	"context"
	"io"
)

// Guard says why no node can run here.
func Guard(_ context.Context, _ string, options Options, _ io.Reader, _ io.WriteCloser) error {
	return Missing(options.Programs)
}

// Init says why no node can run here.
func Init(options Options, _ io.Reader) error {
	return Missing(options.Programs)
}
