package status

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RetryAfter is when a registry asks to try again, in seconds from now or as a date (RFC
// 9110, 10.2.3). It is zero if the registry does not say.
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

// secondsOf is a number of seconds, or a century if there are more.
func secondsOf(digits string) time.Duration {
	const century = 100 * 365 * 24 * time.Hour
	seconds, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || seconds > int64(century/time.Second) {
		return century
	}
	return time.Duration(seconds) * time.Second
}
