package page

import (
	"maps"
	"slices"
)

// filters returns the filters of a page that have a choice.
func filters(p Page) []choices {
	all := []choices{
		{Title: "Source", Key: "sources", Values: values(p.Rows, func(r Row) []string { return r.Sources })},
		{Title: "Registry", Key: "registry", Values: values(p.Rows, func(r Row) []string { return []string{r.Registry} })},
		{Title: "Cluster", Key: "clusters", Values: values(p.Rows, func(r Row) []string { return r.Clusters })},
		{Title: "Platform", Key: "platforms", Values: values(p.Rows, func(r Row) []string { return r.Platforms })},
		{Title: p.States, Key: "state", Values: values(p.Rows, func(r Row) []string { return []string{r.State} })},
	}
	return slices.DeleteFunc(all, func(c choices) bool { return len(c.Values) == 0 || c.Title == "" })
}

// values returns the different values of rows, sorted.
func values(rows []Row, of func(Row) []string) []string {
	found := map[string]bool{}
	for _, row := range rows {
		for _, value := range of(row) {
			found[value] = true
		}
	}
	delete(found, "")
	return slices.Sorted(maps.Keys(found))
}
