package transfer_test

import (
	"encoding/base64"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// text is a strings.Builder for concurrent writers.
type text struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *text) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

// TestTraceOfACopy checks that the log has every request, and no password.
func TestTraceOfACopy(t *testing.T) {
	for _, kind := range servertest.Kinds() {
		from, to := servertest.New(t, kind), servertest.New(t, kind)
		from.Put(t, "app:1", servertest.NewImage(t, types.OCIManifestSchema1))
		cfg, out := login(from, to), &asked{}
		cfg.Trace, cfg.Verbosity = out, 10
		wantAll(t, open(t, cfg).Copy(t.Context(), planOf(t, from, to, "app:1"), transfer.Options{}), images.Copied)
		printed := out.b.String()
		credentials := base64.StdEncoding.EncodeToString([]byte(servertest.User + ":" + servertest.Password))
		if strings.Contains(printed, servertest.Password) || strings.Contains(printed, credentials) {
			t.Errorf("%s: a password was printed:\n%s", kind, printed)
		}
		for _, line := range strings.Split(printed, "\n") {
			if strings.Contains(line, "Authorization") && !strings.HasSuffix(line, ": <masked>") {
				t.Errorf("%s: %s", kind, line)
			}
		}
		answered := 0
		for _, e := range out.entries(t, &to.Registry) {
			if e.status != "in" { // the request has reached the server
				answered++
			}
		}
		if asked := to.Asked(""); answered != asked {
			t.Errorf("%s: %d requests were printed, want %d", kind, answered, asked)
		}
	}
}
