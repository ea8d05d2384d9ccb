// Package page writes a page to review: one HTML file that needs nothing else, and sends no request
// anywhere. It is complete without scripts; with scripts, its table can be searched, filtered and
// sorted. Texts of others are shown as text, never as markup or as links. The package knows the
// values of a page, and must not know what they mean or where they come from.
package page

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"io"
)

//go:embed page.html
var markup string

//go:embed page.css
var style string

//go:embed page.js
var script string

// Page is what a page shows.
type Page struct {
	Title  string
	Facts  []Fact   // what the page is for
	Alerts []string // what is not known, or wrong: shown first
	Notes  []string
	Totals []Fact
	Charts []Chart

	States  string // title of the filter for Row.State; "": rows have no states
	Rows    []Row
	Blobs   []int64 // sizes in bytes; rows refer to them by position, so that shared ones count once
	Footing string  // below the table
}

// Fact is a value with its name.
type Fact struct{ Name, Value string }

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

// Columns reports which columns of the table have values.
func (p Page) columns() (sizes, dates bool) {
	for _, row := range p.Rows {
		sizes = sizes || row.SizeText != ""
		dates = dates || row.Created != ""
	}
	return sizes, dates
}

// choices are the different values of the filters of a page.
type choices struct {
	Title, Key string
	Values     []string
}

// view is a page with what the template needs beyond its values.
type view struct {
	Page
	Sizes, Dates      bool
	Filters           []choices
	Style             template.CSS
	Script            template.JS
	StyleSum, CodeSum string
}

// Write writes a page.
func Write(out io.Writer, p Page) error {
	parsed, err := template.New("page").Funcs(template.FuncMap{"list": list}).Parse(markup)
	if err != nil {
		return err
	}
	v := view{Page: p, Filters: filters(p), Style: template.CSS(style), Script: template.JS(script), StyleSum: sum(style), CodeSum: sum(script)} //nolint:gosec // both are files of this package
	v.Sizes, v.Dates = p.columns()
	return parsed.Execute(out, v)
}

// list writes values as JSON, for an attribute.
func list(values any) (string, error) {
	data, err := json.Marshal(values)
	return string(data), err
}

// sum is the digest of a script or style for the content security policy of a page.
func sum(text string) string {
	digest := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(digest[:])
}
