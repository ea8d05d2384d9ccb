package blobs

import (
	"context"
	"io"

	"golang.org/x/time/rate"
)

// Rate limits the bytes of all blobs of a run together. A nil Rate does not limit.
type Rate struct{ limiter *rate.Limiter }

// chunk is the largest number of bytes that are read at once.
const chunk = 64 << 10

// NewRate returns a limit in bytes per second; nil if bytes is not positive.
func NewRate(bytes int64) *Rate {
	if bytes <= 0 {
		return nil
	}
	return &Rate{rate.NewLimiter(rate.Limit(bytes), chunk)}
}

// limit returns a body that is read at the rate. A read ends with the error of the context.
func (r *Rate) limit(ctx context.Context, body io.ReadCloser) io.ReadCloser {
	if r == nil {
		return body
	}
	return &limited{ReadCloser: body, ctx: ctx, limiter: r.limiter}
}

type limited struct {
	io.ReadCloser
	ctx     context.Context //nolint:containedctx // io.Reader has none
	limiter *rate.Limiter
}

// Read implements io.Reader.
func (l *limited) Read(p []byte) (int, error) {
	n, err := l.ReadCloser.Read(p[:min(len(p), chunk)])
	if n > 0 && err == nil {
		err = l.limiter.WaitN(l.ctx, n)
	}
	return n, err
}
