package display

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// shownLargest is the number of the largest images that a forecast lists.
const shownLargest = 10

// Forecast prints what a sync would do: bytes, time and room, the requests to each registry, the
// largest images, and what platforms and sources cost.
func Forecast(out io.Writer, f images.SyncForecast) error {
	for _, line := range forecastLines(f) {
		fmt.Fprintln(out, line)
	}
	for _, t := range []table{trafficTable(f.Registries), largestTable(f.Largest(shownLargest)), shareTable("PLATFORM", f.Platforms), shareTable("SOURCE", f.Sources)} {
		if len(t.rows) == 0 {
			continue
		}
		fmt.Fprintln(out)
		if err := t.print(out); err != nil {
			return err
		}
	}
	return nil
}

// forecastLines are the totals of a forecast.
func forecastLines(f images.SyncForecast) []string {
	upload := fmt.Sprintf("upload  %s", Size(f.Summary.Bytes))
	if f.Summary.Mounted > 0 {
		upload += fmt.Sprintf(", and %s mounted from other repositories of %s", Size(f.Summary.Mounted), f.Target)
	}
	lines := []string{upload}
	switch {
	case f.Time != nil:
		took := time.Duration(f.Time.Seconds * float64(time.Second)).Round(time.Second)
		lines = append(lines, fmt.Sprintf("time    %s at %s/s (%s)", max(took, time.Second), Size(f.Time.Rate), f.Time.From))
	case f.Summary.Bytes > 0:
		lines = append(lines, "time    not known: pass --rate, such as --rate 40MiB/s; later forecasts use the rate of the last sync to this target")
	}
	if f.Room != nil {
		room := fmt.Sprintf("room    %s needed", Size(f.Room.Needed))
		if f.Room.Free > 0 {
			room += fmt.Sprintf(", %s free", Size(f.Room.Free))
			if f.Room.Needed > f.Room.Free {
				room += ": too little"
			}
		}
		lines = append(lines, room)
	}
	return lines
}

func trafficTable(registries []images.Traffic) table {
	t := table{header: []string{"REGISTRY", "REQUESTS", "UPLOADS", "MOUNTS", "PULLS NEEDED", "PULLS LEFT"}, names: 1}
	for _, r := range registries {
		left := "-"
		if r.Left != nil {
			left = fmt.Sprintf("%d in %s", *r.Left, r.Window)
		}
		t.rows = append(t.rows, []string{r.Registry, fmt.Sprint(r.Requests), fmt.Sprint(r.Uploads), fmt.Sprint(r.Mounts), pullsText(r), left})
	}
	return t
}

// pullsText are the pulls that a sync needs: on this machine, which has kept manifests, and on others.
func pullsText(r images.Traffic) string {
	if r.Unkept > r.Pulls {
		return fmt.Sprintf("%d (%d on another machine)", r.Pulls, r.Unkept)
	}
	return fmt.Sprint(r.Pulls)
}

func largestTable(items []images.Foreseen) table {
	t := table{header: []string{"LARGEST IMAGE", "SIZE", "UPLOAD"}, names: 1}
	for _, item := range items {
		t.rows = append(t.rows, []string{shortRef(item.Source), Size(item.Size), Size(item.Bytes)})
	}
	return t
}

// shareTable lists what platforms or sources add to the upload.
func shareTable(noun string, shares []images.Share) table {
	t := table{header: []string{noun, "IMAGES", "UPLOAD", "ALONE"}, names: 1}
	for _, share := range shares {
		t.rows = append(t.rows, []string{share.Name, fmt.Sprint(share.Images), Size(share.Bytes), Size(share.Alone)})
	}
	return t
}

// ForecastImages prints the source and the target of each image, with its state at the target. A
// wide table is not shortened to the width of a terminal.
func ForecastImages(out io.Writer, f images.SyncForecast) error {
	t := table{header: []string{"STATE", "SOURCE", "TARGET", "SIZE", "UPLOAD"}, whole: true}
	for _, item := range f.Items {
		target := strings.Join(append([]string{item.Target.String()}, item.Also...), ", also ")
		t.rows = append(t.rows, []string{item.State, item.Source.String(), target, sizeOrNone(item.Size), sizeOrNone(item.Bytes)})
	}
	return t.print(out)
}

func sizeOrNone(bytes int64) string {
	if bytes == 0 {
		return "-"
	}
	return Size(bytes)
}

// ForecastCount counts the images that are new to the target, different there, or present.
func ForecastCount(f images.SyncForecast) string {
	text := fmt.Sprintf("%d new, %d different, %d present", f.Summary.New, f.Summary.Different, f.Summary.Present)
	if f.Summary.Unknown > 0 {
		text += fmt.Sprintf(", %d unknown", f.Summary.Unknown)
	}
	return text + ": " + f.Target
}

// UnknownStates lists the causes for which the state of images is unknown, each with the number of
// images; "" if no state is unknown.
func UnknownStates(f images.SyncForecast) string {
	var lines []string
	counts := map[string]int{}
	for _, item := range f.Items {
		if item.State == images.StateUnknown {
			cause := cmp.Or(item.Cause, item.Error)
			if counts[cause]++; counts[cause] == 1 {
				lines = append(lines, cause)
			}
		}
	}
	for i, cause := range lines {
		lines[i] = fmt.Sprintf("the state of %s is unknown: %s", Count(counts[cause], "image"), cause)
	}
	return strings.Join(lines, "\n")
}
