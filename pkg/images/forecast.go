package images

import (
	"cmp"
	"slices"
)

// KindSyncForecast is the kind of a SyncForecast.
const KindSyncForecast = "SyncForecast"

// The states of an image at a target before a copy.
const (
	StateNew       = "new"       // the target does not have the image
	StateDifferent = "different" // the target has another image under the name
	StatePresent   = "present"   // the target has the same digest
	StateUnknown   = "unknown"   // one of the ends could not be asked
)

// Foreseen is what a copy of one image would do.
type Foreseen struct {
	Source  Ref      `json:"source"`
	Target  Ref      `json:"target"`
	Also    []string `json:"also,omitempty"` // second places that an archive stores
	Kind    Kind     `json:"kind,omitempty"`
	State   string   `json:"state"`
	Digest  string   `json:"digest,omitempty"`  // that the target would have
	Before  string   `json:"before,omitempty"`  // digest at the target, if another image is there
	Size    int64    `json:"size,omitempty"`    // compressed size of the copied platforms, if the image would be copied
	Bytes   int64    `json:"bytes,omitempty"`   // that would be uploaded for it; a shared blob is uploaded for one image
	Mounted int64    `json:"mounted,omitempty"` // that would be mounted from another repository
	Moved   *Move    `json:"moved,omitempty"`   // new repository, if the image is gone from its source
	Class   Class    `json:"class,omitempty"`   // of the error
	Error   string   `json:"error,omitempty"`   // why the state is unknown
	Cause   string   `json:"cause,omitempty"`   // the error without the image, as for others with the same cause
	Remedy  string   `json:"remedy,omitempty"`

	SourceDigest string `json:"-"` // digest at the source: another one than Digest if platforms are left out; "" if unknown

	Parts []Part `json:"-"` // with the blobs that would be uploaded; none if the image would not be copied
	Whole []Part `json:"-"` // with all blobs
}

// Traffic is the requests of a sync to one registry.
type Traffic struct {
	Registry string `json:"registry"`
	Requests int    `json:"requests"`
	Uploads  int    `json:"uploads,omitempty"` // of blobs
	Mounts   int    `json:"mounts,omitempty"`  // of blobs from another repository
	Pulls    int    `json:"pulls"`             // requests for manifests that the sync needs, and that Docker Hub counts
	Unkept   int    `json:"unkept,omitempty"`  // pulls that a sync on another machine needs, which has not kept the manifests
	Left     *int   `json:"left,omitempty"`    // pulls that are left after this forecast, by the headers of the registry
	Limit    int    `json:"limit,omitempty"`   // pulls that the registry allows in the window
	Window   string `json:"window,omitempty"`  // such as 6h
}

// Pace is how long a sync takes.
type Pace struct {
	Rate    int64   `json:"rate"`    // bytes per second
	From    string  `json:"from"`    // the origin of the rate
	Seconds float64 `json:"seconds"` // for the uploads at this rate
}

// Room is the room for an archive.
type Room struct {
	Needed int64 `json:"needed"`         // bytes that the archive grows by
	Free   int64 `json:"free,omitempty"` // bytes that its file system has free, if known
}

// ForecastSummary counts the images and the bytes of a forecast.
type ForecastSummary struct {
	New       int   `json:"new"`
	Different int   `json:"different"`
	Present   int   `json:"present"`
	Unknown   int   `json:"unknown"`
	Bytes     int64 `json:"bytes"`             // would be uploaded, as SyncReport counts them
	Mounted   int64 `json:"mounted,omitempty"` // would be mounted from another repository
}

// SyncForecast is the document of a forecast: what a sync would do.
type SyncForecast struct {
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	Target     string          `json:"target"`
	Summary    ForecastSummary `json:"summary"`
	Registries []Traffic       `json:"registries,omitempty"`
	Time       *Pace           `json:"time,omitempty"` // if a rate is known
	Room       *Room           `json:"room,omitempty"` // if the target is an archive
	Platforms  []Share         `json:"platforms,omitempty"`
	Sources    []Share         `json:"sources,omitempty"`
	Items      []Foreseen      `json:"items"`
	Gaps       []Gap           `json:"gaps,omitempty"`
	Excluded   []Ref           `json:"excluded,omitempty"`
}

// Forecast is what a copy of a plan would do.
type Forecast struct {
	Items      []Foreseen // in the order of the plan
	Registries []Traffic
	Room       *Room
}

// Document returns the forecast as a document. rate is the rate of transfers with its origin, or
// nil.
func (f Forecast) Document(target Target, inv Inventory, rate *Pace) SyncForecast {
	doc := SyncForecast{
		APIVersion: APIVersion, Kind: KindSyncForecast, Target: target.String(), Registries: f.Registries, Room: f.Room,
		Items: f.Items, Gaps: inv.Gaps, Excluded: inv.Excluded,
	}
	if doc.Items == nil {
		doc.Items = []Foreseen{}
	}
	sources := map[Ref][]string{}
	for _, img := range inv.Images {
		sources[img.Ref] = img.Sources()
	}
	var platforms, origins []Use
	for at, item := range f.Items {
		doc.Summary.add(item)
		for _, part := range item.Parts {
			platforms = append(platforms, Use{Name: PlatformName(part.Platform), Image: at, Blobs: part.Blobs})
			for _, source := range sources[item.Source] {
				origins = append(origins, Use{Name: source, Image: at, Blobs: part.Blobs})
			}
		}
	}
	doc.Platforms, doc.Sources = Shares(platforms), Shares(origins)
	if rate != nil && rate.Rate > 0 {
		doc.Time = &Pace{Rate: rate.Rate, From: rate.From, Seconds: float64(doc.Summary.Bytes) / float64(rate.Rate)}
	}
	return doc
}

func (s *ForecastSummary) add(item Foreseen) {
	switch item.State {
	case StateNew:
		s.New++
	case StateDifferent:
		s.Different++
	case StatePresent:
		s.Present++
	default:
		s.Unknown++
	}
	s.Bytes, s.Mounted = Add(s.Bytes, item.Bytes), Add(s.Mounted, item.Mounted)
}

// Largest returns the largest images that would be copied, at most a number.
func (f SyncForecast) Largest(number int) []Foreseen {
	largest := slices.DeleteFunc(slices.Clone(f.Items), func(item Foreseen) bool { return item.Size == 0 })
	slices.SortStableFunc(largest, func(a, b Foreseen) int { return cmp.Compare(b.Size, a.Size) })
	return largest[:min(number, len(largest))]
}
