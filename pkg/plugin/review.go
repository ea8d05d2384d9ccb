package plugin

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/atomicfile"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/terminal"
)

// subject is the subject of a page, written now.
func subject(title, origin string) display.Subject {
	return display.Subject{Title: title, Origin: origin, Version: version, At: time.Now()}
}

// originOf describes an installation: its release, and the domain of its dashboard if there is one.
func originOf(inst kkp.Installation, title string) string {
	if domain := inst.Configuration.Field("spec.ingress.domain"); domain != "" {
		return title + " at " + domain
	}
	return title
}

// isPage reports whether a format is one of a page or its rows.
func isPage(format string) bool { return format == option.FormatHTML || format == option.FormatCSV }

// sheet is a page to review.
type sheet interface {
	HTML(out io.Writer) error // one file
	CSV(out io.Writer) error  // its rows
}

// writePage prints a page, or its rows as comma-separated values.
func writePage(out io.Writer, format string, p sheet) error {
	if format == option.FormatCSV {
		return p.CSV(out)
	}
	return p.HTML(out)
}

// isPageFile reports whether the name of a file says that it is a page.
func isPageFile(path string) bool { return strings.EqualFold(filepath.Ext(path), ".html") }

// writePageFile writes a page to a file, whole or not at all. Control characters are escaped.
func writePageFile(path string, p sheet) error {
	var text bytes.Buffer
	if err := p.HTML(&text); err != nil {
		return err
	}
	if err := atomicfile.Write(path, []byte(terminal.Escape(text.String())), 0o644); err != nil {
		return fmt.Errorf("--report: %w", err)
	}
	return nil
}

// writeReview writes the file of --report: a page if its name ends in .html, and otherwise the
// document. "" is no file.
func writeReview(path string, document any, p func() sheet) error {
	if isPageFile(path) {
		return writePageFile(path, p())
	}
	return writeReport(path, document)
}

// result is the result of a command: a document, the page about it, and a text for terminals.
type result struct {
	document any
	review   func() sheet
	text     func(out io.Writer) error
}

// print prints the result in the format of the output, and writes the file of --report.
func (r result) print(out io.Writer, output option.Output, report string) error {
	r.review = sync.OnceValue(r.review) // a page may need requests
	if err := writeReview(report, r.document, r.review); err != nil {
		return err
	}
	switch {
	case output.Printer != nil:
		return display.Document(out, output.Printer, r.document)
	case isPage(output.Format):
		return writePage(out, output.Format, r.review())
	default:
		return r.text(out)
	}
}
