package option_test

import (
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

func TestParseRate(t *testing.T) {
	for text, want := range map[string]int64{
		"": 0, "1000": 1000, "40MB": 40_000_000, "40MiB/s": 40 << 20, "400Mbit": 50_000_000, "400 Mbit/s": 50_000_000, "1.5G": 1_500_000_000, "8bit": 1, "2K": 2000, "1TiB": 1 << 40,
	} {
		if got, err := option.ParseRate("rate", text); got != want || err != nil {
			t.Errorf("%q: %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"fast", "-1MB", "1e9", "0", "0.5bit", "40mb", "99999999TB", "1MB/h", "MB", "1.2.3MB"} {
		if got, err := option.ParseRate("rate", text); err == nil {
			t.Errorf("%q: %d", text, got)
		}
	}
}

func TestParseRateLimit(t *testing.T) {
	for text, want := range map[string]int64{"": 0, "200Mi": 200 << 20, "65536": 64 << 10} {
		if got, err := option.ParseRateLimit(text); got != want || err != nil {
			t.Errorf("%q: %d, %v, want %d", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"65535": `--rate-limit "65535": the lowest limit is 64KiB/s`,
		"fast":  `--rate-limit "fast": write bytes or bits per second, such as 40MiB/s or 400Mbit/s`,
	} {
		if _, err := option.ParseRateLimit(text); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}
