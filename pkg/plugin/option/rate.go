package option

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// ParseRate reads the rate of a flag, such as 40MiB/s, 40MB or 400Mbit, and returns bytes per second.
// "" is 0, no rate. Another text is a usage error.
func ParseRate(flag, text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	parts := regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)([KMGT]i?)?(B|bit)?(/s)?$`).FindStringSubmatch(strings.ReplaceAll(text, " ", ""))
	if parts == nil {
		return 0, badRate(flag, text)
	}
	number, err := strconv.ParseFloat(parts[1], 64)
	if err != nil {
		return 0, badRate(flag, text)
	}
	base := 1000.0
	if strings.HasSuffix(parts[2], "i") {
		base = 1024
	}
	if prefix := strings.TrimSuffix(parts[2], "i"); prefix != "" {
		number *= math.Pow(base, float64(1+strings.Index("KMGT", prefix)))
	}
	if parts[3] == "bit" {
		number /= 8
	}
	if number < 1 || number > 1<<50 {
		return 0, badRate(flag, text)
	}
	return int64(number), nil
}

func badRate(flag, text string) error {
	return Usagef("--%s %q: write bytes or bits per second, such as 40MiB/s or 400Mbit/s", flag, text)
}

// LeastLimit is the lowest limit, in bytes per second. With a lower one, registries close connections that look idle.
const LeastLimit = 64 << 10

// ParseRateLimit reads the value of --rate-limit in bytes per second. "" is 0, no limit.
func ParseRateLimit(text string) (int64, error) {
	limit, err := ParseRate("rate-limit", text)
	if err == nil && text != "" && limit < LeastLimit {
		return 0, Usagef("--rate-limit %q: the lowest limit is 64KiB/s", text)
	}
	return limit, err
}
