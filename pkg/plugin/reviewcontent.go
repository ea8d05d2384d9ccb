package plugin

import (
	"cmp"
	"context"
	"slices"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// place is what a command has found out about an image: the digest at the source, and where the target
// has the image.
type place struct {
	source images.Ref
	digest string      // at the source; "": not known
	target *images.Ref // nil: the target does not have the image
	there  string      // digest at the target
	unread bool        // the content cannot be read, or should be at the target and is not
}

// placesOfForecast returns the places of the images of a forecast.
func placesOfForecast(items []images.Foreseen) []place {
	var places []place
	for _, item := range items {
		p := place{source: item.Source, digest: item.SourceDigest, unread: item.State == images.StateUnknown}
		if item.State == images.StatePresent {
			p.target, p.there = &item.Target, item.Digest
		}
		places = append(places, p)
	}
	return places
}

// placesOfChecks returns the places of the images of a verification. Sources may be unreachable where a
// mirror is verified: content that the mirror lacks is not looked for.
func placesOfChecks(checks []images.Check) []place {
	var places []place
	for _, check := range checks {
		p := place{source: check.Source, digest: check.SourceDigest, unread: true}
		if check.Finding == images.Verified || check.Uncompared {
			p.target, p.there, p.unread = &check.Target, check.Digest, false
		}
		places = append(places, p)
	}
	return places
}

// placesOfResults returns the places of the images of a copy.
func placesOfResults(results []images.Result) []place {
	var places []place
	for _, result := range results {
		p := place{source: result.Source, unread: true}
		if result.Outcome == images.Copied || result.Outcome == images.Present {
			p.target, p.there, p.unread = &result.Target, result.Digest, false
		}
		places = append(places, p)
	}
	return places
}

// compared returns the images with their digests of today, and with the changes since the older list of
// --since. No registry is asked.
func (s selection) compared(inv images.Inventory, places []place, since earlier) (images.Inventory, error) {
	if since.name == "" {
		return inv, nil
	}
	digests := map[images.Ref]string{}
	for _, p := range places {
		digests[p.source] = p.digest
	}
	inv.Images = slices.Clone(inv.Images)
	for i := range inv.Images {
		img := &inv.Images[i]
		img.Digest = cmp.Or(img.Digest, img.Ref.Digest, digests[img.Ref])
	}
	older, err := since.images(s.scope)
	if err != nil {
		return inv, err
	}
	inv = inv.Compared(older)
	inv.Notes = append(slices.Clone(inv.Notes), since.limits(inv, older, true)...)
	return inv, nil
}

// described returns the images with sizes, dates, annotations and, with --referrers, referrers, for a
// page. An image is read at the target if the target has it; pulls from a mirror are not counted.
// What cannot be read is a note: the list itself has no gap.
func (s selection) described(ctx context.Context, registries *transfer.Registries, inv images.Inventory, places []place, opts transfer.Options) images.Inventory {
	if ctx.Err() != nil {
		return inv
	}
	known := map[images.Ref]place{}
	for _, p := range places {
		if !p.unread {
			known[p.source] = p
		}
	}
	var read images.Inventory
	var at []int // positions of the images that are read
	for i, img := range inv.Images {
		if p, ok := known[img.Ref]; ok {
			img.Target, img.Digest = p.target, cmp.Or(p.there, img.Digest, p.digest)
			read.Images, at = append(read.Images, img), append(at, i)
		}
	}
	opts.NoReferrers, opts.Observer = !s.content.Referrers, nil
	registries.Measure(ctx, &read, opts)
	inv.Images = slices.Clone(inv.Images)
	for n, i := range at {
		inv.Images[i].Content = read.Images[n].Content
	}
	inv.Notes = slices.Clone(inv.Notes)
	for _, gaps := range images.Causes(read.Gaps) {
		inv.Notes = append(inv.Notes, "sizes, dates and annotations that could not be read: "+images.OneCause(gaps))
	}
	return inv
}
