package plugin

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

func TestRateOfTheLastRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "rates.json")
	hub, site := images.Target{Registry: "hub.example.com"}, images.Target{Registry: "site.example.com", Prefix: "kkp"}
	rememberRate(path, hub, 40<<20, 2*time.Second)
	rememberRate(path, site, 10<<20, time.Second)
	rememberRate(path, hub, 90<<20, 3*time.Second)
	rememberRate(path, hub, 1<<19, time.Second) // says little
	if pace := paceOf(0, hub, readRates(path)); pace == nil || pace.Rate != 30<<20 {
		t.Errorf("got %+v", pace)
	}
	if pace := paceOf(5, site, readRates(path)); pace == nil || pace.Rate != 5 || pace.From != "--rate" {
		t.Errorf("got %+v", pace)
	}
	if pace := paceOf(0, images.Target{Registry: "other.example.com"}, readRates(path)); pace != nil {
		t.Errorf("got %+v", pace)
	}
	for i := range 2 * maxRates {
		rememberRate(path, images.Target{Registry: fmt.Sprintf("r%d.example.com", i)}, 1<<20, time.Second)
	}
	if rates := readRates(path); len(rates) != maxRates {
		t.Errorf("%d rates are kept", len(rates))
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil || readRates(path) != nil {
		t.Error("a damaged file has rates", err)
	}
}
