package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// link simulates the network between the client and all registries: each request takes a round trip,
// a new connection takes one more, and the bytes of each direction share a bandwidth.
type link struct {
	latency  time.Duration
	down, up *bucket
}

func newLink(latency time.Duration, bytesPerSecond int64) *link {
	return &link{latency: latency, down: newBucket(bytesPerSecond), up: newBucket(bytesPerSecond)}
}

type connKey struct{}

// mark marks a connection as new.
func (l *link) mark(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, &atomic.Bool{})
}

// wrap returns a handler behind the link.
func (l *link) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if used, ok := r.Context().Value(connKey{}).(*atomic.Bool); ok && !used.Swap(true) {
			time.Sleep(l.latency)
		}
		time.Sleep(l.latency)
		r.Body = &slowReader{ReadCloser: r.Body, bucket: l.up}
		next.ServeHTTP(&slowWriter{ResponseWriter: w, bucket: l.down}, r)
	})
}

// piece is the number of bytes that pass the bucket at a time.
const piece = 16 << 10

type slowReader struct {
	io.ReadCloser
	bucket *bucket
}

func (s *slowReader) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p[:min(len(p), piece)])
	s.bucket.take(n)
	return n, err
}

type slowWriter struct {
	http.ResponseWriter
	bucket *bucket
}

func (s *slowWriter) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 {
		n := min(len(p), piece)
		s.bucket.take(n)
		n, err := s.ResponseWriter.Write(p[:n])
		written += n
		if err != nil {
			return written, err
		}
		p = p[n:]
	}
	return written, nil
}

// bucket is a shared bandwidth.
type bucket struct {
	rate int64

	mu   sync.Mutex
	free time.Time // time when all bytes so far have passed
}

func newBucket(rate int64) *bucket { return &bucket{rate: rate} }

// slack is the time that bytes may pass early, because sleeping is not exact.
const slack = 2 * time.Millisecond

func (b *bucket) take(n int) {
	if b.rate <= 0 || n <= 0 {
		return
	}
	b.mu.Lock()
	now := time.Now()
	if b.free.Before(now) {
		b.free = now
	}
	b.free = b.free.Add(time.Duration(int64(n) * int64(time.Second) / b.rate))
	wait := b.free.Sub(now)
	b.mu.Unlock()
	if wait > slack {
		time.Sleep(wait)
	}
}
