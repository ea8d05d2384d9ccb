package display

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display/page"
)

// shownBars is the number of bars of a chart.
const shownBars = 10

// Subject is what a page to review is about.
type Subject struct {
	Title   string
	Origin  string // the installation, the list or the archive
	Target  string // "": none
	Lock    string // digest of the list; "": none
	Since   string // the older list of a comparison; "": none
	Version string // of this program
	At      time.Time
}

// facts are what a page about images is for.
func (s Subject) facts() []page.Fact {
	lock := cmp.Or(s.Lock, "none: this page is about no list of images that was written")
	return s.with([]page.Fact{
		{Name: "Images of", Value: s.Origin},
		{Name: "Target", Value: s.Target},
		{Name: "Compared with", Value: s.Since},
		{Name: "Digest of the list", Value: lock},
	})
}

// with returns facts with those of every page, without those that have no value.
func (s Subject) with(facts []page.Fact) []page.Fact {
	facts = append(facts,
		page.Fact{Name: "Written", Value: s.At.UTC().Format("2006-01-02 15:04 UTC")},
		page.Fact{Name: "Written by", Value: "kubectl kkp-mirror " + s.Version})
	return slices.DeleteFunc(facts, func(fact page.Fact) bool { return fact.Value == "" })
}

// review is a page that is being made.
type review struct {
	page  page.Page
	blobs map[string]int // positions in page.Blobs, by digest
}

func newReview(s Subject, inv images.Inventory) *review {
	r := &review{page: page.Page{Head: page.Head{Title: s.Title, Facts: s.facts(), Notes: inv.Notes}}, blobs: map[string]int{}}
	for _, gaps := range images.Causes(inv.Gaps) {
		r.page.Alerts = append(r.page.Alerts, "gap: "+images.OneCause(gaps)+". Images may be missing in this list")
	}
	if n := len(inv.Excluded); n > 0 {
		var refs []string
		for _, ref := range inv.Excluded {
			refs = append(refs, ref.String())
		}
		r.page.Notes = append(slices.Clone(r.page.Notes), fmt.Sprintf("%s left out by decision: %s", Count(n, "image"), strings.Join(refs, ", ")))
	}
	r.page.Footing = "Sizes are compressed sizes. To copy what this page shows, and nothing else: kubectl kkp-mirror sync TARGET --images LIST --approved DIGEST."
	return r
}

// row adds the row of an image, without its state.
func (r *review) row(img images.Image) *page.Row {
	row := page.Row{Name: img.Ref.String(), Kind: string(img.Kind), Change: img.Change, Registry: img.Ref.Registry, Sources: img.Sources()}
	r.detail(&row, "digest", cmp.Or(img.Digest, img.Ref.Digest))
	r.detail(&row, "digest before", img.Before)
	for _, reason := range img.Reasons {
		row.Clusters = append(row.Clusters, reason.Cluster)
		row.Reasons = append(row.Reasons, reason.String())
	}
	row.Clusters = set(row.Clusters)
	if img.Moved != nil {
		r.detail(&row, "moved", img.Moved.Note(img.Ref, "found at"))
	}
	for _, place := range img.Also {
		r.detail(&row, "second place", place)
	}
	if c := img.Content; c != nil {
		row.Size, row.SizeText, row.Created = c.Bytes, Size(c.Bytes), Date(c.Created)
		r.parts(&row, c.Platforms)
		r.detail(&row, "licenses", c.Licenses)
		r.detail(&row, "source code", c.Origin)
		for _, referrer := range c.Referrers {
			r.detail(&row, "referrer", referrer.Type+" "+referrer.Digest)
		}
	}
	r.page.Rows = append(r.page.Rows, row)
	return &r.page.Rows[len(r.page.Rows)-1]
}

// parts adds the platforms of an image, and the blobs of those in scope.
func (r *review) parts(row *page.Row, parts []images.Part) {
	for _, part := range parts {
		text := Size(part.Bytes)
		if part.Left {
			text += ", left out"
		}
		r.detail(row, "platform", images.PlatformName(part.Platform)+" "+text)
		if part.Left {
			continue
		}
		row.Platforms = append(row.Platforms, images.PlatformName(part.Platform))
		for _, blob := range part.Blobs {
			at, known := r.blobs[blob.Digest]
			if !known {
				at = len(r.page.Blobs)
				r.blobs[blob.Digest] = at
				r.page.Blobs = append(r.page.Blobs, blob.Bytes)
			}
			row.Blobs = append(row.Blobs, at)
		}
	}
	row.Platforms = set(row.Platforms)
	slices.Sort(row.Blobs)
	row.Blobs = slices.Compact(row.Blobs)
}

func (*review) detail(row *page.Row, name, value string) {
	if value != "" {
		row.Details = append(row.Details, page.Fact{Name: name, Value: value})
	}
}

func (r *review) total(name, value string) {
	r.page.Totals = append(r.page.Totals, page.Fact{Name: name, Value: value})
}

// chart adds a chart of the largest sizes; none if all are 0.
func (r *review) chart(title string, bars []page.Bar, sizes []int64) {
	var longest int64
	for _, size := range sizes {
		longest = max(longest, size)
	}
	if longest == 0 {
		return
	}
	for i := range bars {
		bars[i].Text, bars[i].Percent = Size(sizes[i]), int(float64(sizes[i])/float64(longest)*100)
	}
	r.page.Charts = append(r.page.Charts, page.Chart{Title: title, Bars: bars[:min(shownBars, len(bars))]})
}

// shares adds a chart of shares.
func (r *review) shares(title string, shares []images.Share) {
	var bars []page.Bar
	var sizes []int64
	for _, share := range shares {
		bars = append(bars, page.Bar{Name: share.Name})
		sizes = append(sizes, share.Bytes)
	}
	r.chart(title, bars, sizes)
}

// gone adds the rows of images that only the older list of a comparison has.
func (r *review) gone(inv images.Inventory) {
	for _, img := range gone(inv) {
		r.row(img)
	}
}

// Review returns the page of a list of images.
func Review(s Subject, inv images.Inventory) page.Page {
	r := newReview(s, inv)
	for _, img := range inv.Images {
		r.row(img)
	}
	r.gone(inv)
	r.total("Images", fmt.Sprint(len(inv.Images)))
	t := inv.Totals()
	if t == nil {
		return r.page
	}
	r.total("Size, each blob once", Size(t.Bytes))
	r.total("Size, image by image", Size(t.Sum))
	if t.AllBytes > 0 {
		r.total("All platforms", Size(t.AllBytes))
	}
	r.shares("By source", t.Sources)
	r.shares("By registry", t.Registries)
	largest := slices.Clone(inv.Images)
	largest = slices.DeleteFunc(largest, func(img images.Image) bool { return img.Content == nil })
	slices.SortStableFunc(largest, func(a, b images.Image) int { return cmp.Compare(b.Content.Bytes, a.Content.Bytes) })
	var bars []page.Bar
	var sizes []int64
	for _, img := range largest {
		bars, sizes = append(bars, page.Bar{Name: img.Ref.String()}), append(sizes, img.Content.Bytes)
	}
	r.chart("The largest images", bars, sizes)
	return r.page
}
