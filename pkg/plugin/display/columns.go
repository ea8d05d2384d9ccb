package display

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"k8s.io/cli-runtime/pkg/printers"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/terminal"
)

const (
	between  = 3  // spaces between columns, as printers.GetNewTabWriter writes
	narrowed = 12 // no column is shortened to less
)

// table is rows below a header.
type table struct {
	header []string // none: no header
	rows   [][]string
	names  int  // the first columns, which name the object of a row: they get three times the room
	whole  bool // cells are not shortened
}

// print writes a table. If the output is a terminal that is narrower than the table, long cells
// are shortened in the middle. A pipe gets whole cells.
func (t table) print(out io.Writer) error {
	rows := t.rows
	if len(t.header) > 0 && len(rows) > 0 {
		rows = append([][]string{t.header}, rows...)
	}
	if width := terminal.Width(out); width > 0 && !t.whole {
		rows = fit(rows, t.names, width)
	}
	w := printers.GetNewTabWriter(out)
	for _, cells := range rows {
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	return w.Flush()
}

// fit shortens the longest cells, so that rows are no longer than a number of characters, as far
// as all columns keep their first characters. The first columns, names, get three times the room.
func fit(rows [][]string, names, width int) [][]string {
	var widths []int
	limit := narrowed
	for _, cells := range rows {
		for i, cell := range cells {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
			limit = max(limit, widths[i])
		}
	}
	room := func(column int) int {
		if column < names {
			return min(widths[column], 3*limit)
		}
		return min(widths[column], limit)
	}
	for limit > narrowed && length(widths, room) > width {
		limit--
	}
	fitted := make([][]string, 0, len(rows))
	for _, cells := range rows {
		var short []string
		for i, cell := range cells {
			short = append(short, shortened(cell, room(i)))
		}
		fitted = append(fitted, short)
	}
	return fitted
}

// length is the length of rows whose columns have some room.
func length(widths []int, room func(column int) int) int {
	sum := between * (len(widths) - 1)
	for i := range widths {
		sum += room(i)
	}
	return sum
}

// shortened returns a text of at most a number of characters: its beginning and its end, which
// is longer, because the end of a reference tells images apart.
func shortened(text string, limit int) string {
	runes := []rune(text)
	if len(runes) <= limit {
		return text
	}
	start := (limit - 1) / 4
	return string(runes[:start]) + "…" + string(runes[len(runes)-(limit-1-start):])
}
