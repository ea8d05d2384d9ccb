package display

import (
	"fmt"
	"io"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// FileNames prints a line with the address of each file.
func FileNames(out io.Writer, list files.FileList) {
	for _, item := range list.Items {
		fmt.Fprintln(out, item.URL)
	}
}

// Files prints a row for each file, and below the files a row for each set of packages. A wide table
// is not shortened to the width of a terminal.
func Files(out io.Writer, list files.FileList, wide, noHeaders bool) error {
	items := table{header: []string{"FILE", "ARCHITECTURE", "OS", "KUBERNETES"}, names: 1, whole: wide}
	if wide {
		items.header = []string{"URL", "ARCHITECTURE", "OS", "KUBERNETES", "CHECKSUM", "SOURCE", "CLUSTER", "PROFILE", "WHERE"}
	}
	for _, item := range list.Items {
		if item.ChecksumOf == "" || wide {
			items.rows = append(items.rows, fileRow(item, wide))
		}
	}
	packages := table{header: []string{"PACKAGES", "MANAGER", "OS", "REPOSITORIES"}, whole: wide}
	for _, set := range list.Packages {
		packages.rows = append(packages.rows, []string{strings.Join(set.Packages, " "), set.Manager, strings.TrimSpace(set.OS + " " + set.OSVersion), repositories(set)})
	}
	if noHeaders {
		items.header, packages.header = nil, nil
	}
	if err := items.print(out); err != nil {
		return err
	}
	if len(packages.rows) > 0 {
		fmt.Fprintln(out)
	}
	return packages.print(out)
}

func fileRow(item files.Item, wide bool) []string {
	var systems, versions, sources, clusters, profiles, places []string
	for _, r := range item.Reasons {
		systems, sources, clusters = append(systems, r.OS), append(sources, r.Source), append(clusters, r.Cluster)
		profiles, places = append(profiles, r.Profile), append(places, r.Where)
		versions = append(versions, r.Kubernetes...)
	}
	architecture := orNone(item.Architecture)
	if !wide {
		return []string{item.Path, architecture, all(systems), first(versions)}
	}
	return []string{item.URL, architecture, all(systems), all(versions), orNone(item.Checksum), all(sources), all(clusters), all(profiles), all(places)}
}

// repositories are the repositories that must serve packages.
func repositories(set files.PackageSet) string {
	own := "the repositories of " + set.OS
	if len(set.Repositories) == 0 {
		return own
	}
	return own + "; " + strings.Join(set.Repositories, "; ")
}

// FilesSummary prints the gaps of a list of files, the number of files with their scope, and the
// packages that the list does not have.
func FilesSummary(errOut io.Writer, list files.FileList, s Summary) {
	Remarks(errOut, images.Inventory{Gaps: list.Gaps})
	fmt.Fprintf(errOut, "%s for nodes of %s (%s)\n", Count(len(list.Items), "file"), s.Title, s.scope())
	for _, set := range list.Packages {
		fmt.Fprintf(errOut, "note: nodes with %s also install %s, which kkp-mirror does not mirror, from %s\n", set.OS, Count(len(set.Packages), "package"), repositories(set))
	}
}
