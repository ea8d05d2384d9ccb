package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
)

// recorded returns the text of a recording.
func recorded(t *testing.T, recording []byte) string {
	t.Helper()
	lines := bytes.Split(bytes.TrimSpace(recording), []byte("\n"))
	var h header
	if err := json.Unmarshal(lines[0], &h); err != nil || h.Version != 2 || h.Width == 0 || h.Height == 0 {
		t.Fatalf("the header is %s: %v", lines[0], err)
	}
	var text strings.Builder
	last := 0.0
	for _, line := range lines[1:] {
		var event []any
		if err := json.Unmarshal(line, &event); err != nil || len(event) != 3 || event[1] != "o" {
			t.Fatalf("the event is %s: %v", line, err)
		}
		if at := event[0].(float64); at < last {
			t.Fatalf("time goes back at %s", line)
		} else {
			last = at
		}
		text.WriteString(strings.ReplaceAll(event[2].(string), "\r\n", "\n"))
	}
	return text.String()
}

func TestRecorder(t *testing.T) {
	var out bytes.Buffer
	r, err := newRecorder(&out)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"$ a <b>\n", "c\nd\n"} {
		if _, err := r.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if got := recorded(t, out.Bytes()); got != "$ a <b>\nc\nd\n" {
		t.Errorf("got %q", got)
	}
}

// TestRecordingIsUpToDate wants docs/demo.cast to have the commands of the demo, in their order.
func TestRecordingIsUpToDate(t *testing.T) {
	recording, err := os.ReadFile("../../docs/demo.cast")
	if err != nil {
		t.Fatal(err)
	}
	text := recorded(t, recording)
	for _, s := range slices.Concat(mirroring(), patching(), checking()) {
		_, after, found := strings.Cut(text, "# "+s.title+"\n$ "+s.command+"\n")
		if !found {
			t.Fatalf("docs/demo.cast lacks %q after the steps before; record the demo again with make cast", s.command)
		}
		text = after
	}
}

// TestPictureIsUpToDate wants docs/images/demo.svg to be the picture of docs/demo.cast.
func TestPictureIsUpToDate(t *testing.T) {
	recording, err := os.Open("../../docs/demo.cast")
	if err != nil {
		t.Fatal(err)
	}
	defer recording.Close()
	var want bytes.Buffer
	if err := draw(recording, &want); err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile("../../docs/images/demo.svg")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want.Bytes()) {
		t.Error("docs/images/demo.svg is not the picture of docs/demo.cast; make both again with make cast")
	}
}

func TestDraw(t *testing.T) {
	long := strings.Repeat("x", columns+1)
	recording := `{"version":2,"width":180,"height":48}` + "\n" + `[0,"o","# a <b>\r\n$ c\r\n"]` + "\n" + `[70.5,"o","  d\r\n\r\n` + long + `\r\n"]` + "\n"
	var out bytes.Buffer
	if err := draw(strings.NewReader(recording), &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`<text y="12" class="title"># a &lt;b&gt;</text>`, `<text y="28" class="command">$ c</text>`, `<text y="44">  d</text>`,
		`<text y="76">` + long[:columns-1] + "…</text>",
		"{transform:translateY(448px)}\n", "{transform:translateY(400px)}\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the picture lacks %s:\n%s", want, out.String())
		}
	}
	for decoder := xml.NewDecoder(&out); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, broken := range []string{"", "{}", "{}\n[1]", "{}\n" + `[1,"o",2]`} {
		if err := draw(strings.NewReader(broken), io.Discard); err == nil {
			t.Errorf("%q was drawn", broken)
		}
	}
}
