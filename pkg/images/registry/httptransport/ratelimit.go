package httptransport

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/rewrite"
)

// Quotas returns one sentence for each registry that reports its remaining pull quota.
func (t *Transport) Quotas() []string {
	var quotas []string
	t.quotas.Range(func(host, left any) bool {
		count, window, _ := strings.Cut(left.(string), ";w=")
		text := fmt.Sprintf("%s allows %s more pulls", rewrite.HostName(host.(string)), count)
		if seconds, err := strconv.Atoi(window); err == nil {
			text += " in " + (time.Duration(seconds) * time.Second).String()
		}
		quotas = append(quotas, text)
		return true
	})
	slices.Sort(quotas)
	return quotas
}
