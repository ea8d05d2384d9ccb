package plugin

import (
	"bytes"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/terminal"
)

// print prints the images, and writes the file of --report. A page beside a JSON list on stdout has
// the digest of the list. since is the name of the list of --since.
func (o imagesOptions) print(inv images.Inventory, origin, since string) error {
	s := subject("Images that KKP needs", origin)
	s.Since = since
	lock, err := o.printImages(inv, s)
	if err != nil {
		return err
	}
	s.Lock = lock
	return writeReview(o.report, inv.List(), func() sheet { return display.Review(s, inv) })
}

// printImages prints the images on stdout, and returns the digest of a JSON list.
func (o imagesOptions) printImages(inv images.Inventory, s display.Subject) (lock string, err error) {
	out := o.streams.Out
	switch {
	case o.output.Printer != nil:
		var text bytes.Buffer
		if err := display.Document(terminal.New(&text), o.output.Printer, inv.List()); err != nil {
			return "", err
		}
		if o.output.Format == option.FormatJSON {
			lock = digestOfList(text.Bytes())
		}
		_, err := out.Write(text.Bytes())
		return lock, err
	case isPage(o.output.Format):
		return "", writePage(out, o.output.Format, display.Review(s, inv))
	case o.output.Format == option.FormatName:
		display.Names(out, inv)
	case len(o.refs) > 0:
		display.Reasons(out, inv)
	default:
		return "", display.Images(out, inv, o.output.Format == option.FormatWide, o.output.NoHeaders)
	}
	return "", nil
}
