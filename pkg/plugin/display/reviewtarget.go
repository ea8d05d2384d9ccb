package display

import (
	"cmp"
	"fmt"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display/page"
)

// bySource are the images of an inventory by reference.
func bySource(inv images.Inventory) func(ref images.Ref, kind images.Kind) images.Image {
	known := map[images.Ref]images.Image{}
	for _, img := range inv.Images {
		known[img.Ref] = img
	}
	return func(ref images.Ref, kind images.Kind) images.Image {
		img, ok := known[ref]
		if !ok {
			img = images.Image{Ref: ref, Kind: kind}
		}
		return img
	}
}

// ReviewForecast returns the page of a forecast. The state of a row is that of the image at the target.
func ReviewForecast(s Subject, inv images.Inventory, f images.SyncForecast) page.Page {
	r := newReview(s, inv)
	r.page.States = "State"
	imageOf := bySource(inv)
	for _, item := range f.Items {
		img := imageOf(item.Source, item.Kind)
		img.Digest = cmp.Or(img.Digest, item.Digest)
		row := r.row(img)
		row.State = item.State
		r.detail(row, "target", item.Target.String())
		r.detail(row, "digest at the target", item.Before)
		if item.Digest != img.Digest {
			r.detail(row, "digest without the platforms that are left out", item.Digest)
		}
		r.detail(row, "error", item.Error)
		if item.Size > 0 {
			r.detail(row, "upload", Size(item.Bytes))
		}
		if item.Size > 0 && img.Content == nil {
			row.Size, row.SizeText = item.Size, Size(item.Size)
			r.parts(row, item.Whole)
		}
	}
	r.gone(inv)
	if text := UnknownStates(f); text != "" {
		r.page.Alerts = append(r.page.Alerts, text)
	}
	r.total("New", fmt.Sprint(f.Summary.New))
	r.total("Different", fmt.Sprint(f.Summary.Different))
	r.total("Present", fmt.Sprint(f.Summary.Present))
	r.total("Upload", Size(f.Summary.Bytes))
	if f.Time != nil {
		r.total("Time at "+Size(f.Time.Rate)+"/s", time.Duration(f.Time.Seconds*float64(time.Second)).Round(time.Second).String())
	}
	if f.Room != nil {
		r.total("Room needed", Size(f.Room.Needed))
	}
	for _, registry := range f.Registries {
		text := fmt.Sprintf("%d requests", registry.Requests)
		if registry.Left != nil {
			text += fmt.Sprintf(", %d pulls needed, %d left", registry.Pulls, *registry.Left)
		}
		r.page.Facts = append(r.page.Facts, page.Fact{Name: "Requests to " + registry.Registry, Value: text})
	}
	r.shares("Upload by source", f.Sources)
	r.shares("Upload by platform", f.Platforms)
	var bars []page.Bar
	var sizes []int64
	for _, item := range f.Largest(shownBars) {
		bars, sizes = append(bars, page.Bar{Name: item.Source.String()}), append(sizes, item.Size)
	}
	r.chart("The largest images", bars, sizes)
	return r.page
}

// ReviewVerification returns the page of a verification. The state of a row is the finding.
func ReviewVerification(s Subject, inv images.Inventory, v images.VerifyReport) page.Page {
	r := newReview(s, inv)
	r.page.States = "Finding"
	imageOf := bySource(inv)
	for _, check := range v.Items {
		img := imageOf(check.Source, check.Kind)
		img.Digest = cmp.Or(img.Digest, check.Expected, check.Digest)
		row := r.row(img)
		row.State = string(check.Finding)
		r.detail(row, "target", check.Target.String())
		if check.Digest != check.Expected {
			r.detail(row, "digest at the target", check.Digest)
		}
		if check.Finding != images.Verified {
			r.detail(row, "cause", detail(check))
		}
	}
	r.gone(inv)
	if text := Verdict(v); text != "" {
		r.page.Alerts = append(r.page.Alerts, text)
	}
	r.total("Images", fmt.Sprint(len(v.Items)))
	for _, finding := range []images.Finding{images.Verified, images.Missing, images.Different, images.Incomplete, images.Unknown} {
		if n := v.Summary[finding]; n > 0 {
			r.total(string(finding), fmt.Sprint(n))
		}
	}
	return r.page
}

// ReviewSync returns the page of the report of a sync. The state of a row is the outcome.
func ReviewSync(s Subject, inv images.Inventory, report images.SyncReport) page.Page {
	r := newReview(s, inv)
	r.page.States = "Outcome"
	imageOf := bySource(inv)
	for _, result := range report.Items {
		img := imageOf(result.Source, result.Kind)
		img.Digest = cmp.Or(img.Digest, result.Digest)
		row := r.row(img)
		row.State = string(result.Outcome)
		r.detail(row, "target", result.Target.String())
		for _, note := range result.Notes {
			r.detail(row, "note", note)
		}
		r.detail(row, "error", result.Error)
		r.detail(row, "remedy", result.Remedy)
	}
	r.total("Copied", fmt.Sprint(report.Summary.Copied))
	r.total("Present", fmt.Sprint(report.Summary.Present))
	r.total("Uploaded", Size(report.Summary.Bytes))
	if report.Summary.Failed > 0 {
		r.page.Alerts = append(r.page.Alerts, Count(report.Summary.Failed, "image")+" could not be copied")
	}
	if report.Summary.Skipped > 0 {
		r.page.Alerts = append(r.page.Alerts, Count(report.Summary.Skipped, "image")+" not tried: the copy was interrupted")
	}
	return r.page
}
