package plugin_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// login is a docker configuration with a user of a registry.
func login(host, user string) string {
	return fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, host, base64.StdEncoding.EncodeToString([]byte(user+":secret")))
}

// TestClientsOfACommandShareTheLimit has a mirror that asks for fewer requests once.
// The check asks the same registry as a source, and as KKP, too: also these requests have the lower rate,
// which is half of what the registry has served in a second, and then rises by 0.5 with each request.
func TestClientsOfACommandShareTheLimit(t *testing.T) {
	var mu sync.Mutex
	times := map[string][]time.Time{} // of the requests for manifests
	host := hostOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodHead {
			heads("/v2/", same)(w, r)
			return
		}
		prefix := "/v2/kkp/"
		who, _, _ := r.BasicAuth()
		if strings.HasPrefix(r.URL.Path, "/v2/source/") {
			prefix, who = "/v2/source/", "source"
		}
		mu.Lock()
		times[who] = append(times[who], time.Now())
		refused := who == "admin" && len(times[who]) == 60
		mu.Unlock()
		if refused {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		heads(prefix, same)(w, r)
	}))
	t.Setenv("DOCKER_CONFIG", filepath.Dir(file(t, "config.json", login(host, "admin"))))
	configuration := fmt.Sprintf(oneVersion, fmt.Sprintf(`,"imagePullSecret":%q`, login(host, "kkp")))
	run(t, "check", host+"/kkp", "--kubeconfig", master(t, configuration), "--only", "mirror", "--compare-sources", "--registry-map", "*="+host+"/source")
	mu.Lock()
	defer mu.Unlock()
	for _, who := range []string{"source", "kkp"} {
		const burst, most = 10, 200 // requests at once; per second
		all := times[who]
		if len(all) < 40 {
			t.Fatalf("%d requests as %s", len(all), who)
		}
		if took := all[len(all)-1].Sub(all[0]); float64(len(all)-burst) > most*took.Seconds() {
			t.Errorf("%d requests as %s in %s", len(all), who, took)
		}
	}
}
