package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// The size of a picture, in characters and in units of SVG. Longer lines are cut.
const (
	rows, columns     = 30, 150
	advance, interval = 7.25, 16 // of a character, of a line
	margin            = 12
	page              = rows - 4 // lines that are printed at once
)

// Seconds that the output of a step stays: for itself, for each of its lines, and after the last one.
const perStep, perLine, atEnd = 1.0, 0.15, 5.0

// frame is a state of the terminal.
type frame struct {
	lines int     // that were printed until then
	at    float64 // seconds after the start
}

// drawFile draws the picture of a recording, from file to file.
func drawFile(recording, picture string) error {
	text, err := os.ReadFile(recording)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := draw(bytes.NewReader(text), &out); err != nil {
		return fmt.Errorf("drawing %s: %w", recording, err)
	}
	return os.WriteFile(picture, out.Bytes(), 0o644) //nolint:gosec // a picture in the documents
}

// draw makes a picture of a recording: an SVG that scrolls through the text as a terminal does, without scripts. Steps last as
// long as their output takes to read, not as long as they took.
func draw(recording io.Reader, out io.Writer) error {
	lines, frames, err := playback(recording)
	if err != nil {
		return err
	}
	total := frames[len(frames)-1].at + atEnd
	width, height := columns*advance+2*margin, rows*interval+2*margin
	var svg strings.Builder
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" viewBox="0 0 %.0f %d" font-family="ui-monospace,Menlo,Consolas,monospace" font-size="12" fill="#d4d4d4">`+"\n<style>\n", width, height)
	fmt.Fprintf(&svg, "text{white-space:pre}\n.screen{animation:scroll %.1fs step-end infinite}\n.title{fill:#6a9955}\n.command{fill:#ffffff;font-weight:bold}\n@keyframes scroll{\n", total)
	for _, f := range frames {
		fmt.Fprintf(&svg, "%.2f%%{transform:translateY(%dpx)}\n", 100*f.at/total, (rows-f.lines)*interval)
	}
	fmt.Fprintf(&svg, "}\n@media (prefers-reduced-motion:reduce){.screen{animation:none}}\n</style>\n<rect width=\"%.0f\" height=\"%d\" rx=\"6\" fill=\"#1e1e1e\"/>\n", width, height)
	fmt.Fprintf(&svg, "<svg x=\"%d\" y=\"%d\" width=\"%.0f\" height=\"%d\"><g class=\"screen\">\n", margin, margin, columns*advance, rows*interval)
	for n, line := range lines {
		if line != "" {
			fmt.Fprintf(&svg, "<text y=\"%d\"%s>%s</text>\n", n*interval+12, class(line), escaped(line))
		}
	}
	svg.WriteString("</g></svg>\n</svg>\n")
	_, err = io.WriteString(out, svg.String())
	return err
}

// playback returns the lines of a recording, and when the next of them are shown.
func playback(recording io.Reader) (lines []string, frames []frame, err error) {
	decoder := json.NewDecoder(recording)
	if err := decoder.Decode(&header{}); err != nil {
		return nil, nil, err
	}
	var text strings.Builder
	printed, at := 0, 0.0
	for decoder.More() {
		var event [3]any
		if err := decoder.Decode(&event); err != nil {
			return nil, nil, err
		}
		output, ok := event[2].(string)
		if !ok {
			return nil, nil, fmt.Errorf("the event %v has no text", event)
		}
		text.WriteString(output)
		at += perStep
		for left := strings.Count(output, "\n"); left > 0; left -= page { // so that no line is skipped
			printed += min(left, page)
			frames = append(frames, frame{printed, at})
			at += perLine * float64(min(left, page))
		}
	}
	if len(frames) == 0 {
		return nil, nil, errors.New("the recording is empty")
	}
	return strings.Split(strings.TrimSuffix(text.String(), "\r\n"), "\r\n"), frames, nil
}

// class is the attribute for the color of a line.
func class(line string) string {
	switch {
	case strings.HasPrefix(line, "# "):
		return ` class="title"`
	case strings.HasPrefix(line, "$ "):
		return ` class="command"`
	default:
		return ""
	}
}

// escaped is a line as XML, cut to the width of the picture.
func escaped(line string) string {
	if runes := []rune(line); len(runes) > columns {
		line = string(runes[:columns-1]) + "…"
	}
	var text strings.Builder
	_ = xml.EscapeText(&text, []byte(line)) // a strings.Builder takes everything
	return text.String()
}
