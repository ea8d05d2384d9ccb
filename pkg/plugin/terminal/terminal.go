// Package terminal writes text for people. Much of it was written by others: registries,
// clusters, charts. It must not move the cursor, change what was printed before, reach the
// clipboard, or read otherwise than it is. Where the text comes from, this package does not
// know.
package terminal

import (
	"io"
	"os"
	"sync"
	"unicode/utf8"

	"golang.org/x/term"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// Writer writes text, and escapes what is more than text; see Escape.
type Writer struct {
	mu   sync.Mutex
	out  io.Writer
	rest []byte // the beginning of a character, whose end was not written yet
}

// New returns a writer of text to out.
func New(out io.Writer) *Writer { return &Writer{out: out} }

// Streams returns streams for text to the same places.
func Streams(streams genericiooptions.IOStreams) genericiooptions.IOStreams {
	streams.Out, streams.ErrOut = New(streams.Out), New(streams.ErrOut)
	return streams
}

// Write implements io.Writer. A character may be written in parts.
func (w *Writer) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	whole := text
	if len(w.rest) > 0 {
		whole = append(w.rest, text...)
	}
	end := len(whole) - unfinished(whole)
	w.rest = append([]byte(nil), whole[end:]...)
	if _, err := w.out.Write(escape(whole[:end], inJSON)); err != nil {
		return 0, err
	}
	return len(text), nil
}

// unfinished is the length of the character at the end of a text that lacks its last bytes.
func unfinished(text []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if last := text[len(text)-n:]; utf8.RuneStart(last[0]) {
			if utf8.FullRune(last) {
				return 0
			}
			return n
		}
	}
	return 0
}

// Raw returns what a Writer writes to. It is for control sequences of this program, around
// text that was escaped, and for programs that the user has chosen.
func Raw(out io.Writer) io.Writer { return raw(out) }

func raw(out io.Writer) io.Writer {
	if w, ok := out.(*Writer); ok {
		return w.out
	}
	return out
}

// Is tells whether a writer leads to a terminal that can move its cursor and show colours.
func Is(out io.Writer) bool {
	file, ok := raw(out).(*os.File)
	return ok && term.IsTerminal(int(file.Fd())) && os.Getenv("TERM") != "dumb" && os.Getenv("NO_COLOR") == ""
}
