package page

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"io"
	"maps"
	"slices"
)

//go:embed frame.html
var frameMarkup string

//go:embed page.css
var style string

// Head is what every page has.
type Head struct {
	Title   string
	Facts   []Fact   // what the page is for
	Alerts  []string // what is not known, or wrong: shown first
	Notes   []string
	Totals  []Fact
	Footing string // below everything else
}

// Fact is a value with its name.
type Fact struct{ Name, Value string }

// choices are the different values of a filter.
type choices struct {
	Title, Key string
	Values     []string
}

// frame is what the template of every page needs beyond the values of the page.
type frame struct {
	Anchor            string // identifier of the main part
	Searched          string // a hint: the texts that are searched
	Filters           []choices
	Style             template.CSS
	Script            template.JS
	StyleSum, CodeSum string
}

// newFrame returns the frame of a page. Filters without a choice are left out.
func newFrame(anchor, searched, script string, filters ...choices) frame {
	filters = slices.DeleteFunc(filters, func(c choices) bool { return len(c.Values) == 0 || c.Title == "" })
	return frame{
		Anchor: anchor, Searched: searched, Filters: filters,
		Style: template.CSS(style), Script: template.JS(script), //nolint:gosec // both are files of this package
		StyleSum: sum(style), CodeSum: sum(script),
	}
}

// write writes a page: the frame around a body.
func write(out io.Writer, body string, values any) error {
	parsed, err := template.New("page").Funcs(template.FuncMap{"list": list}).Parse(frameMarkup)
	if err == nil {
		_, err = parsed.Parse(body)
	}
	if err != nil {
		return err
	}
	return parsed.Execute(out, values)
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

// values returns the different values of items, sorted.
func values[T any](items []T, of func(T) []string) []string {
	found := map[string]bool{}
	for _, item := range items {
		for _, value := range of(item) {
			found[value] = true
		}
	}
	delete(found, "")
	return slices.Sorted(maps.Keys(found))
}
