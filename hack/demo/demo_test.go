package main

import (
	"bytes"
	"encoding/json"
	"os"
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
	for _, s := range append(mirroring(), patching()...) {
		_, after, found := strings.Cut(text, "# "+s.title+"\n$ "+s.command+"\n")
		if !found {
			t.Fatalf("docs/demo.cast lacks %q after the steps before; record the demo again with make cast", s.command)
		}
		text = after
	}
}
