package display

import (
	"fmt"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/settings"
)

// Setting formats a default value with its origin, in one line.
func Setting(s settings.Setting) string {
	return fmt.Sprintf("%s: %s (from %s)", s.Name, strings.Join(s.Values, ", "), s.Origin)
}
