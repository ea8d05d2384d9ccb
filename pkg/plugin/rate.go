package plugin

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/atomicfile"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

const (
	leastBytes   = 1 << 20 // of a run whose rate says something
	maxRates     = 50      // targets whose rate is remembered
	maxRateBytes = 1 << 20 // of the file with the rates
)

// rate is the rate of the last sync to a target.
type rate struct {
	Target string    `json:"target"`
	Bytes  int64     `json:"bytesPerSecond"`
	At     time.Time `json:"at"`
}

// ratesFile is the file with the rates of earlier runs, or "" for a user without a cache directory.
func ratesFile() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "kubectl-kkp_mirror", "rates.json")
}

// readRates returns the rates of earlier runs. A file that cannot be read has none.
func readRates(path string) []rate {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer file.Close()
	data, err := bounded.ReadAll(file, maxRateBytes)
	if err != nil {
		return nil
	}
	var rates []rate
	if err := json.Unmarshal(data, &rates); err != nil {
		return nil
	}
	return rates
}

// paceOf returns the rate of the command line, or that of the last sync to the target, or nil.
func paceOf(given int64, target images.Target, rates []rate) *images.Pace {
	if given > 0 {
		return &images.Pace{Rate: given, From: "--rate"}
	}
	for _, r := range rates {
		if r.Target == target.String() && r.Bytes > 0 {
			return &images.Pace{Rate: r.Bytes, From: fmt.Sprintf("the sync of %s", r.At.UTC().Format(time.DateOnly))}
		}
	}
	return nil
}

// rememberRate keeps the rate of a sync for later forecasts. A run that moved little says little, and
// is not kept; neither is a rate that cannot be written.
func rememberRate(path string, target images.Target, moved int64, took time.Duration) {
	if path == "" || moved < leastBytes || took <= 0 {
		return
	}
	rates := slices.DeleteFunc(readRates(path), func(r rate) bool { return r.Target == target.String() })
	rates = append(rates, rate{Target: target.String(), Bytes: int64(float64(moved) / took.Seconds()), At: time.Now().UTC()})
	slices.SortFunc(rates, func(a, b rate) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Target, b.Target)) })
	data, err := json.Marshal(rates[:min(maxRates, len(rates))])
	if err != nil || os.MkdirAll(filepath.Dir(path), 0o755) != nil {
		return
	}
	_ = atomicfile.Write(path, append(data, '\n'), 0o600) // the next forecast has no rate
}
