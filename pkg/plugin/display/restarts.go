package display

import (
	"fmt"
	"strings"
)

// Restarts names the user clusters whose control planes a change restarts. unread are the Seeds
// whose user clusters are not known.
func Restarts(clusters, unread []string) string {
	const shown = 20
	unknown := ""
	if len(unread) > 0 {
		unknown = "those on " + seeds(len(unread)) + strings.Join(unread, ", ") + ", which could not be read"
	}
	names := strings.Join(clusters, ", ")
	if len(clusters) > shown {
		names = fmt.Sprintf("%s and %d more", strings.Join(clusters[:shown], ", "), len(clusters)-shown)
	}
	switch {
	case len(clusters) == 0 && unknown == "":
		return "no control plane will restart: no user cluster was found"
	case len(clusters) == 0:
		return "the control planes of an unknown number of user clusters will restart, including etcd: " + unknown
	case unknown == "":
		return fmt.Sprintf("the control planes of %s will restart, including etcd: %s", Count(len(clusters), "user cluster"), names)
	default:
		return fmt.Sprintf("the control planes of %s will restart, including etcd: %s, and %s", Count(len(clusters), "user cluster"), names, unknown)
	}
}

func seeds(n int) string {
	if n == 1 {
		return "Seed "
	}
	return "the Seeds "
}
