// Package terminal writes text for people. Registries, clusters and charts are the authors of
// parts of the text. These parts must not move the cursor, change earlier lines, write to the
// clipboard, or look different from their content. The package knows characters and terminals.
// It must not know the origin of a text.
package terminal

import (
	"io"
	"os"
	"sync"
	"unicode/utf8"

	"golang.org/x/term"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// Writer writes text with control characters escaped; see Escape.
type Writer struct {
	mu   sync.Mutex
	out  io.Writer
	rest []byte // the first bytes of a character; the next Write has the others
}

// New returns a Writer to out.
func New(out io.Writer) *Writer { return &Writer{out: out} }

// Streams returns the same streams with a Writer for each output.
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

// unfinished returns the number of bytes of an incomplete character at the end of a text.
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

// Raw returns the output behind a Writer. Use the output for control sequences of this program
// around escaped text, and for programs that the user has chosen.
func Raw(out io.Writer) io.Writer { return raw(out) }

func raw(out io.Writer) io.Writer {
	if w, ok := out.(*Writer); ok {
		return w.out
	}
	return out
}

// Is reports whether the output is a terminal with a movable cursor and colours.
func Is(out io.Writer) bool {
	file, ok := raw(out).(*os.File)
	return ok && term.IsTerminal(int(file.Fd())) && os.Getenv("TERM") != "dumb" && os.Getenv("NO_COLOR") == ""
}

// Width returns the number of characters in a line of a terminal, and 0 if the output is not a
// terminal or has no known width.
func Width(out io.Writer) int {
	file, ok := raw(out).(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return 0
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return width
}
