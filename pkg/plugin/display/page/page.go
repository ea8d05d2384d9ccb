// Package page writes pages to review: a table of images, or the findings of checks. Each page is one
// HTML file that needs nothing else, and sends no request anywhere. It is complete without scripts;
// with scripts, it can be searched, filtered and sorted. Texts of others are shown as text, never as
// markup or as links. The package knows the values of a page, and must not know what they mean or
// where they come from.
package page

import (
	_ "embed"
	"io"
)

//go:embed images.html
var imagesMarkup string

//go:embed images.js
var imagesScript string

// Page is a page with a table of images.
type Page struct {
	Head
	Charts []Chart

	States string // title of the column for Row.State; "": rows have no states
	Rows   []Row
	Blobs  []int64 // sizes in bytes; rows refer to them by position, so that shared ones count once
}

// Chart shows sizes as bars.
type Chart struct {
	Title string
	Bars  []Bar
}

// Bar is one size of a chart.
type Bar struct {
	Name    string
	Text    string // the size
	Percent int    // length, 0 to 100
}

// Row is one image.
type Row struct {
	Name      string
	Kind      string
	State     string
	Change    string // since an older list; "": none
	Size      int64  // bytes, for the order
	SizeText  string // "": unknown
	Created   string // a date
	Registry  string
	Sources   []string
	Clusters  []string
	Platforms []string
	Details   []Fact   // such as the digest
	Reasons   []string // why the image is needed
	Blobs     []int    // positions in Page.Blobs
}

// HTML writes the page as one file.
func (p Page) HTML(out io.Writer) error {
	v := struct {
		Page
		frame
		Changes, Sizes, Dates bool // columns that have values
	}{Page: p, frame: newFrame("images", "name, digest, reason", imagesScript, p.filters()...)}
	for _, row := range p.Rows {
		v.Changes = v.Changes || row.Change != ""
		v.Sizes = v.Sizes || row.SizeText != ""
		v.Dates = v.Dates || row.Created != ""
	}
	return write(out, imagesMarkup, v)
}

// filters returns the filters of the table.
func (p Page) filters() []choices {
	return []choices{
		{Title: "Source", Key: "sources", Values: values(p.Rows, func(r Row) []string { return r.Sources })},
		{Title: "Registry", Key: "registry", Values: values(p.Rows, func(r Row) []string { return []string{r.Registry} })},
		{Title: "Cluster", Key: "clusters", Values: values(p.Rows, func(r Row) []string { return r.Clusters })},
		{Title: "Platform", Key: "platforms", Values: values(p.Rows, func(r Row) []string { return r.Platforms })},
		{Title: p.States, Key: "state", Values: values(p.Rows, func(r Row) []string { return []string{r.State} })},
		{Title: "Change", Key: "change", Values: values(p.Rows, func(r Row) []string { return []string{r.Change} })},
	}
}
