package transfer

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive"
)

// Forecast returns what Copy would do with a plan: which images would be copied, the bytes that
// would be uploaded and mounted, and the requests to each registry. It is a copy to targets that
// take nothing: manifests are read, blobs are not, and nothing is written. The forecast assumes
// that the registry mounts blobs, and accepts an index without some of its platforms.
func (r *Registries) Forecast(ctx context.Context, plan images.Plan, opts Options) (images.Forecast, error) {
	opts.dry = newLedger(opts.Jobs)
	report := r.Copy(ctx, plan, opts)
	var f images.Forecast
	for rank, result := range report.Results {
		f.Items = append(f.Items, opts.dry.foreseen(rank, plan.Copies[rank], result))
	}
	f.Registries = r.traffic(opts, report.Count(images.Copied))
	if opts.Into != nil {
		f.Room = &images.Room{Needed: opts.dry.needed}
		f.Room.Free, _ = archive.Free(opts.Into.String())
	}
	return f, ctx.Err()
}

// foreseen returns what a copy would do with one image.
func (l *ledger) foreseen(rank int, c images.Copy, r images.Result) images.Foreseen {
	item := images.Foreseen{
		Source: r.Source, Target: c.Written(), Also: r.Also, Kind: r.Kind, Digest: r.Digest, Bytes: r.Bytes, Mounted: r.Mounted, Moved: r.Moved,
		Class: r.Class, Error: r.Error, Cause: r.Cause, Remedy: r.Remedy, State: images.StateNew, SourceDigest: l.sources[rank],
	}
	switch {
	case r.Outcome == images.Present:
		item.State = images.StatePresent
	case r.Outcome != images.Copied:
		item.State, item.Bytes, item.Mounted = images.StateUnknown, 0, 0
	case l.before[item.Target] != "":
		item.State, item.Before = images.StateDifferent, l.before[item.Target]
	}
	if r.Outcome != images.Copied {
		return item
	}
	var all []images.Blob
	for _, part := range l.trees[rank] {
		all = append(all, part.Blobs...)
		part.Bytes = images.Once(part.Blobs)
		item.Whole = append(item.Whole, part)
		part.Blobs = slices.DeleteFunc(slices.Clone(part.Blobs), func(blob images.Blob) bool { return !l.uploaded[blob.Digest] })
		item.Parts = append(item.Parts, part)
	}
	item.Size = images.Once(all)
	return item
}

// traffic returns the requests to each registry, if some images are copied or none.
func (r *Registries) traffic(opts Options, copied int) []images.Traffic {
	var list []images.Traffic
	for host, t := range opts.dry.traffic {
		if opts.From != nil && host == opts.From.String() || opts.Into != nil && host == opts.Into.String() {
			continue // an archive gets no requests
		}
		t.Requests++ // the question how to log in
		if copied > 0 && t.Uploads+t.Mounts > 0 {
			t.Requests += 2 // the question whether pushes are allowed
		}
		if quota, ok := r.Quota(host); ok {
			t.Left, t.Limit, t.Window = &quota.Remaining, quota.Limit, short(quota.Window)
		}
		list = append(list, *t)
	}
	slices.SortFunc(list, func(a, b images.Traffic) int { return strings.Compare(a.Registry, b.Registry) })
	return list
}

// Unreachable returns an error if nothing is known of any image, and all for one reason.
func Unreachable(f images.Forecast) error {
	if len(f.Items) == 0 {
		return nil
	}
	first := f.Items[0]
	for _, item := range f.Items {
		if item.State != images.StateUnknown || cmp.Or(item.Cause, item.Error) != cmp.Or(first.Cause, first.Error) {
			return nil
		}
	}
	return errors.New(first.Error)
}
