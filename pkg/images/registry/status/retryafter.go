package status

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RetryAfter returns the time of a Retry-After header, which has seconds or a date (RFC
// 9110, 10.2.3), or zero if there is none.
func RetryAfter(headers http.Header, now time.Time) time.Time {
	value := headers.Get("Retry-After")
	if value != "" && strings.Trim(value, "0123456789") == "" {
		return now.Add(secondsOf(value))
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return time.Time{}
	}
	return date
}

// secondsOf parses a number of seconds. It returns a century for larger numbers.
func secondsOf(digits string) time.Duration {
	const century = 100 * 365 * 24 * time.Hour
	seconds, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || seconds > int64(century/time.Second) {
		return century
	}
	return time.Duration(seconds) * time.Second
}
