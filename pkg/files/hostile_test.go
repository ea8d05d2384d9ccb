package files_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace"
)

// object makes a profile with one script that the machine runs.
func object(t testing.TB, script string) json.RawMessage {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"kind": "OperatingSystemProfile",
		"spec": map[string]any{
			"osName": "ubuntu", "osVersion": "24.04", "supportedCloudProviders": []any{map[string]any{"name": "aws"}},
			"bootstrapConfig": map[string]any{
				"modules": map[string]any{"runcmd": []any{"/opt/run", "curl https://example.com/after"}},
				"files":   []any{map[string]any{"path": "/opt/run", "content": map[string]any{"inline": map[string]any{"data": "#!/bin/bash\n" + script}}}},
			},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestHostile runs scripts that would not end, or take all memory. Each is a gap, in bounds.
func TestHostile(t *testing.T) {
	for name, script := range map[string]string{
		"fork bomb":              ":(){ :|:& };:",
		"named fork bomb":        "bomb() { bomb & bomb & }; bomb",
		"endless loop":           "while :; do :; done",
		"endless arithmetic":     "for ((;;)); do ((i++)); x=$i; done",
		"endless list":           "until false; do echo x; done > /tmp/x",
		"calls itself":           "/opt/run; /opt/run",
		"evaluates itself":       `f='eval "$f"; eval "$f"'; eval "$f"`,
		"sources itself":         ". /opt/run; . /opt/run",
		"doubled text":           "x=aaaaaaaaaaaaaaaa; for i in {1..400}; do x=$x$x; done; curl https://example.com/$x",
		"doubled without a loop": "x=aaaaaaaaaaaaaaaa\n" + strings.Repeat("x=$x$x$x$x$x$x$x$x\n", 40),
		"doubled file":           "echo aaaaaaaaaaaaaaaa > /tmp/a; while :; do cat /tmp/a /tmp/a > /tmp/b; cat /tmp/b /tmp/b > /tmp/a; done",
		"large number":           "printf '%1000000000d' 1",
		"words of braces":        "echo {1..9999}{1..9999}{1..9999}",
		"many downloads":         "for i in {1..400}; do for j in {1..400}; do curl https://example.com/$i/$j; done; done",
		"nested brackets":        strings.Repeat("$(", 100_000),
		"nested blocks":          strings.Repeat("if true; then ", 50_000),
		"endless here":           "cat <<EOF\n" + strings.Repeat("x", 900_000),
		"many gaps":              "for i in {1..400}; do for j in {1..400}; do curl https://example.com/$i/$j/$UNSET; done; done",
		"deep functions":         "f() { g; }; g() { f; }; f",
	} {
		t.Run(name, func(t *testing.T) {
			before, peak := memoryInUse(), uint64(0)
			done := make(chan files.Answer)
			go func() {
				answer, err := files.Trace(t.Context(), files.Request{Object: object(t, script), Cases: []files.Case{{Kubernetes: "1.35.7", Provider: "aws", Architecture: "amd64"}}})
				if err != nil {
					answer.Gaps = append(answer.Gaps, trace.Gap{Text: err.Error()})
				}
				done <- answer
			}()
			ticks, late := time.NewTicker(20*time.Millisecond), time.After(time.Minute)
			defer ticks.Stop()
			for {
				select {
				case answer := <-done:
					checkHostile(t, answer)
					return
				case <-ticks.C:
					if peak = max(peak, memoryInUse()); peak > before+256<<20 {
						t.Fatalf("it takes %d MiB", (peak-before)>>20)
					}
				case <-late:
					t.Fatal("it does not end")
				}
			}
		})
	}
}

func checkHostile(t *testing.T, answer files.Answer) {
	t.Helper()
	all := summary(answer)
	gaps := 0
	for _, line := range all {
		if strings.HasPrefix(line, "gap ") {
			gaps++
		}
		if len(line) > 4_096 {
			t.Errorf("a line of %d characters", len(line))
		}
	}
	if gaps == 0 {
		t.Error("no gap")
	}
	if len(all) > 10_000 {
		t.Errorf("%d lines", len(all))
	}
	if after := "download https://example.com/after (commands of cloud-init:2)"; !strings.Contains(strings.Join(all, "\n"), after) {
		t.Logf("what follows is not traced: %.500s", fmt.Sprint(all))
	}
}

func memoryInUse() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

// TestNothingIsExecuted traces a script that would leave marks on this machine.
func TestNothingIsExecuted(t *testing.T) {
	dir := t.TempDir()
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	defer server.Close()
	script := strings.NewReplacer("DIR", dir, "URL", server.URL).Replace(`
touch DIR/touched; echo x > DIR/written; echo x >> DIR/added; mkdir DIR/made; cp /etc/hostname DIR/copied
/usr/bin/touch DIR/called; /bin/sh -c 'echo x > DIR/shell'; command touch DIR/command; exec 3> DIR/third
curl URL -o DIR/curl; wget URL -O DIR/wget; cat <(echo x > DIR/process) > >(cat > DIR/out); echo x > /dev/tcp/${URL#http://}/x
cd DIR && echo x > relative; ln -s /etc DIR/link; $(echo touch) DIR/expanded; echo DIR/*; [ -e DIR ] && curl https://example.com/$(cat /etc/hostname)
find DIR -delete; rm -rf DIR; kill -9 $PPID; curl https://example.com/home$HOME-$USER-$(id -u)
`)
	answer, err := files.Trace(t.Context(), files.Request{Object: object(t, script), Cases: []files.Case{{Kubernetes: "1.35.7", Provider: "aws", Architecture: "amd64"}}})
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 || requests.Load() > 0 {
		t.Errorf("files %v (%v), %d requests", entries, err, requests.Load())
	}
	home, _ := os.UserHomeDir()
	host, _ := os.Hostname()
	for _, line := range summary(answer) {
		if host != "" && strings.Contains(line, host) || len(home) > len("/root") && strings.Contains(line, home) {
			t.Errorf("a trace knows this machine: %s", line)
		}
	}
}

// TestHostileTemplates renders templates that would not end. They are errors, not crashes.
func TestHostileTemplates(t *testing.T) {
	for name, text := range map[string]string{
		"recursion":      `{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}`,
		"unknown field":  `{{ .Nothing }}`,
		"missing":        `{{ template "missing" }}`,
		"not closed":     `{{ if true }}`,
		"much text":      `{{ range $i := until 100000 }}` + strings.Repeat("x", 1000) + `{{ end }}`,
		"no environment": `{{ if env "HOME" }}{{ fail "an environment" }}{{ else }}{{ fail "none" }}{{ end }}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := files.Trace(t.Context(), files.Request{Object: object(t, text), Cases: []files.Case{{Kubernetes: "1.35.7", Provider: "aws", Architecture: "amd64"}}})
			if err == nil || strings.Contains(err.Error(), "an environment") {
				t.Errorf("error %v", err)
			}
		})
	}
}

// FuzzTrace traces any script.
func FuzzTrace(f *testing.F) {
	for _, seed := range []string{
		"curl -fLo /x https://example.com/$A", "if [ -f /x ]; then wget a.example.com; else apt-get install -y x; fi", "x() { x; }; x", "case $x in a) ;; esac",
		"while read -r l; do eval \"$l\"; done < <(curl b)", "echo \"deb https://c.example.com x y\" > /etc/apt/sources.list", "cat <<-E | tee /x\n\ta\nE\n",
		"select x in a b; do echo; done", "coproc curl x", "exec 3<>/dev/tcp/a/1; [[ $x =~ ^a ]] && let i++", "a=(1 2); ${a[@]}; ${!a}; ${#a}; ${a/b/c}", "trap x EXIT; set -- a b; shift 3",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, script string) {
		started := time.Now()
		answer, err := files.Trace(t.Context(), files.Request{Object: object(t, script), Cases: []files.Case{{Kubernetes: "1.35.7", Provider: "aws", Architecture: "amd64"}}})
		if err != nil {
			return
		}
		if took := time.Since(started); took > 20*time.Second {
			t.Errorf("it took %s", took)
		}
		for _, line := range summary(answer) {
			if strings.ContainsAny(line, "\uE000\uE001\uE002") {
				t.Errorf("a placeholder is printed: %q", line)
			}
		}
	})
}
