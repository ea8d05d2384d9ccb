package page

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
)

// CSV writes the rows as comma-separated values with a header. Details are columns, in the order in
// which they first occur.
func (p Page) CSV(out io.Writer) error {
	header := []string{"image", "kind", "state", "change", "bytes", "created", "registry", "sources", "clusters", "platforms", "reasons"}
	fixed := len(header)
	at := map[string]int{}
	for _, row := range p.Rows {
		for _, fact := range row.Details {
			if _, known := at[fact.Name]; !known {
				at[fact.Name] = len(header)
				header = append(header, fact.Name)
			}
		}
	}
	lines := [][]string{header}
	for _, row := range p.Rows {
		size := ""
		if row.SizeText != "" {
			size = strconv.FormatInt(row.Size, 10)
		}
		cells := append([]string{
			row.Name, row.Kind, row.State, row.Change, size, row.Created, row.Registry, strings.Join(row.Sources, " "),
			strings.Join(row.Clusters, "; "), strings.Join(row.Platforms, " "), strings.Join(row.Reasons, "; "),
		}, make([]string, len(header)-fixed)...)
		for _, fact := range row.Details {
			cell := &cells[at[fact.Name]]
			*cell = strings.TrimPrefix(*cell+"; "+fact.Value, "; ")
		}
		lines = append(lines, cells)
	}
	return writeCSV(out, lines)
}

// writeCSV writes lines of cells.
func writeCSV(out io.Writer, lines [][]string) error {
	w := csv.NewWriter(out)
	for _, cells := range lines {
		for i, cell := range cells {
			cells[i] = plain(cell)
		}
		_ = w.Write(cells) // Flush has the error
	}
	w.Flush()
	return w.Error()
}

// plain returns a cell that no spreadsheet reads as a formula.
func plain(cell string) string {
	if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
		return "'" + cell
	}
	return cell
}
