package httptransport

import (
	"net/http"
	"testing"
	"time"
)

func TestQuotaOf(t *testing.T) {
	for remaining, want := range map[string]Quota{
		"76;w=21600":            {Limit: 100, Remaining: 76, Window: 6 * time.Hour},
		" 0 ; w=60":             {Limit: 100, Window: time.Minute},
		"":                      {},
		"76":                    {},
		"-1;w=21600":            {},
		"76;w=0":                {},
		"76;w=-5":               {},
		"76;w=99999999999":      {},
		"9999999999999;w=21600": {},
		"many;w=many":           {},
	} {
		got, ok := quotaOf(http.Header{"Ratelimit-Limit": {"100;w=21600"}, "Ratelimit-Remaining": {remaining}})
		if got != want || ok != (want.Window > 0) {
			t.Errorf("%q: %+v, %t", remaining, got, ok)
		}
	}
}

// FuzzQuota checks that a quota is within its bounds, for any header.
func FuzzQuota(f *testing.F) {
	f.Add("76;w=21600")
	f.Add("-1;w=18446744073709551615")
	f.Fuzz(func(t *testing.T, header string) {
		pulls, window, ok := parseQuota(header)
		if pulls < 0 || pulls > maxPulls || window < 0 || window > maxWindow || ok != (window > 0) {
			t.Errorf("%q: %d in %s, %t", header, pulls, window, ok)
		}
	})
}
