package terminal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/terminal"
)

func TestEscape(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"text", "a\tb\nc é … 日本 🙂", "a\tb\nc é … 日本 🙂"},
		{"colour", "\x1b[31mred", `\u001b[31mred`},
		{"cursor and title", "\x1b[1A\x1b[2Kdone\x1b]0;owned\a", `\u001b[1A\u001b[2Kdone\u001b]0;owned\u0007`},
		{"clipboard", "\x1b]52;c;cm0=\x1b\\", `\u001b]52;c;cm0=\u001b\`},
		{"over the line", "failed\rcopied", `failed\u000dcopied`},
		{"rubbed out", "bad\b\b\bgood\x7f", `bad\u0008\u0008\u0008good\u007f`},
		{"C1", "\u009b31m\u009d0;x\u009c\u0085", `\u009b31m\u009d0;x\u009c\u0085`},
		{"C1 without UTF-8", "\x9b31m", `\x9b31m`},
		{"bidirectional", "a\u202e1.v:b\u202c \u2066x\u2069 \u061c\u200f", `a\u202e1.v:b\u202c \u2066x\u2069 \u061c\u200f`},
		{"invisible", "quay\u200b.io\ufeff\u00ad", `quay\u200b.io\ufeff\u00ad`},
		{"lines of Unicode", "a\u2028b\u2029c", `a\u2028b\u2029c`},
		{"beyond 16 bits", "a\U000e0041", `a\udb40\udc41`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := terminal.Escape(c.text); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// The values of a document are the same before and after.
func TestDocuments(t *testing.T) {
	values := map[string]any{
		"name": "\x1b[2Kquay.io\u202e", "number": "1.0", "text": "a\nb \u009b\U000e0041 c\r", "list": []any{"\u200b", "\\u001b", nil, true},
	}
	document, err := json.MarshalIndent(values, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	checkDocument(t, values, terminal.Escape(string(document)), json.Unmarshal)
	text, err := terminal.YAML(document)
	if err != nil {
		t.Fatal(err)
	}
	checkDocument(t, values, string(text), func(data []byte, into any) error { return yaml.Unmarshal(data, into) })
	if text, err := terminal.YAML([]byte(`{"a": "é"}`)); err != nil || string(text) != "a: é\n" {
		t.Errorf("got %q, %v", text, err)
	}
}

func checkDocument(t *testing.T, values map[string]any, text string, read func([]byte, any) error) {
	t.Helper()
	if terminal.Escape(text) != text {
		t.Errorf("there is more to escape in %q", text)
	}
	got := map[string]any{}
	if err := read([]byte(text), &got); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if diff := cmp.Diff(values, got); diff != "" {
		t.Errorf("before (-) and after (+):\n%s\n%s", diff, text)
	}
}

// A text that is written in parts is escaped like the whole text.
func FuzzWriter(f *testing.F) {
	for _, text := range []string{"a\x1b[2Kb", "é\u202e日\U000e0041🙂x", "\x9b\xe2\x80", "\xf0\x9f\x99"} {
		f.Add(text+"\n", uint8(1))
		f.Add(text+"\n", uint8(3))
	}
	f.Fuzz(func(t *testing.T, text string, part uint8) {
		var out bytes.Buffer
		w := terminal.New(&out)
		for rest := []byte(text); len(rest) > 0; {
			n := min(int(part)+1, len(rest))
			if written, err := w.Write(rest[:n]); err != nil || written != n {
				t.Fatalf("%d of %d bytes written: %v", written, n, err)
			}
			rest = rest[n:]
		}
		// The end of a text that stops within a character stays unwritten.
		if want := terminal.Escape(text); !strings.HasPrefix(want, out.String()) || len(want)-out.Len() > len(`\xf0\x9f\x99`) {
			t.Errorf("got  %q\nwant %q", out.String(), want)
		}
		if again := terminal.Escape(out.String()); again != out.String() {
			t.Errorf("%q escapes further, to %q", out.String(), again)
		}
	})
}

func TestRaw(t *testing.T) {
	var out, errOut bytes.Buffer
	streams := terminal.Streams(genericiooptions.IOStreams{Out: &out, ErrOut: &errOut})
	for _, w := range []io.Writer{streams.Out, terminal.Raw(streams.Out), streams.ErrOut, terminal.Raw(&errOut)} {
		if _, err := io.WriteString(w, "\x1b[1m"); err != nil {
			t.Fatal(err)
		}
		if terminal.Is(w) {
			t.Errorf("%T is a terminal", w)
		}
	}
	if want := `\u001b[1m` + "\x1b[1m"; out.String() != want || errOut.String() != want {
		t.Errorf("got %q and %q, want %q", out.String(), errOut.String(), want)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestBroken(t *testing.T) {
	if n, err := terminal.New(broken{}).Write([]byte("text")); n != 0 || !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %d, %v", n, err)
	}
}
