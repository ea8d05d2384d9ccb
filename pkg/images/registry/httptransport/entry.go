package httptransport

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// entry is one request in the log. It is printed when the answer was read to its end.
type entry struct {
	trace   *trace
	begun   time.Time
	text    string // method and address
	status  string
	details string

	sent, received atomic.Int64
	once           sync.Once
}

// end prints the entry, with the failure unless that is empty.
func (e *entry) end(failure string) {
	e.once.Do(func() {
		var b strings.Builder
		b.WriteString(e.text)
		if e.status != "" {
			b.WriteString(" " + e.status)
		}
		fmt.Fprintf(&b, " in %d ms", time.Since(e.begun).Milliseconds())
		if n := e.sent.Load(); n > 0 {
			fmt.Fprintf(&b, ", %d bytes sent", n)
		}
		if n := e.received.Load(); n > 0 {
			fmt.Fprintf(&b, ", %d bytes received", n)
		}
		if failure != "" {
			b.WriteString(": " + failure)
		}
		e.trace.print(b.String() + "\n" + e.details)
	})
}

// tracedBody is the body of an answer. It ends the log entry when it ends.
type tracedBody struct {
	io.ReadCloser
	entry *entry
}

// Read implements io.Reader.
func (b *tracedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.entry.received.Add(int64(n))
	if err == io.EOF {
		b.entry.end("")
	}
	return n, err
}

// Close implements io.Closer.
func (b *tracedBody) Close() error {
	err := b.ReadCloser.Close()
	b.entry.end("")
	return err
}
