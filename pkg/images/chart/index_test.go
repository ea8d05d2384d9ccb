package chart

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"
)

const blockIndex = `apiVersion: v1
entries:
  other:
  - apiVersion: v2
    description: |
      web:
      - version: 6.6.6
    urls:
    - other.tgz
    version: 1.0.0
  # the one that is wanted
  web:
  - apiVersion: v2
    dependencies:
    - name: x
      version: 0.1.0
    description: 'two

      lines'
    digest: aa
    urls:
    - web-2.tgz
    version: 2.0.0
  - digest: bb
    urls:
    - web-1.tgz
    version: 1.0.0
  zebra:
  - version: 3.0.0
generated: "2026-01-01T00:00:00Z"
`

// indexes are one index in the ways that it can be written.
func indexes(t testing.TB) map[string]string {
	t.Helper()
	asJSON, err := yaml.YAMLToJSON([]byte(blockIndex))
	if err != nil {
		t.Fatal(err)
	}
	var all any
	if err := json.Unmarshal(asJSON, &all); err != nil {
		t.Fatal(err)
	}
	indented, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"block":        blockIndex,
		"items inside": "entries:\n    web:\n      - version: 2.0.0\n        digest: aa\n        urls: \n          - web-2.tgz\n\n      - version: 1.0.0\n        digest: bb\n        urls:\n        - web-1.tgz\n",
		"quoted":       strings.Replace(blockIndex, "\n  web:", "\n  \"web\":", 1),
		"JSON":         string(indented),
		"one line":     string(asJSON),
		"flow":         "entries: {web: [{version: 2.0.0, digest: aa, urls: [web-2.tgz]}, {version: 1.0.0, digest: bb, urls: [web-1.tgz]}]}",
		"anchors":      "entries:\n  web:\n  - &a\n    urls: [web-2.tgz]\n    version: 2.0.0\n    digest: aa\n  - <<: *a\n    version: 1.0.0\n    digest: bb\n    urls: [web-1.tgz]\n",
		"the last":     strings.Replace(blockIndex, "\n  zebra:\n  - version: 3.0.0\ngenerated: \"2026-01-01T00:00:00Z\"", "", 1),
	}
}

func TestReadIndex(t *testing.T) {
	want := "[{2.0.0 [web-2.tgz] aa} {1.0.0 [web-1.tgz] bb}]"
	for name, text := range indexes(t) {
		entries, err := readIndex([]byte(text), "web")
		if got := fmt.Sprint(entries); got != want || err != nil {
			t.Errorf("%s: %s, %v", name, got, err)
		}
		if entries, err := readIndex([]byte(text), "nothing"); len(entries) > 0 || err != nil {
			t.Errorf("%s: %v, %v", name, entries, err)
		}
	}
	for text, want := range map[string]string{
		"entries:\n  web:\n  - version: [\n": "yaml",
		"entries: [":                         "yaml",
		"entries: {web: 1}":                  "cannot unmarshal",
	} {
		if _, err := readIndex([]byte(text), "web"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// hostile are indexes that would take all memory that there is.
func hostile(size int) map[string]string {
	return map[string]string{
		"a long list":      "entries: {web: [" + strings.Repeat("0,", size/2) + "]}",
		"a long block":     "entries:\n  web:\n" + strings.Repeat("  - 0\n", size/6),
		"a long version":   "entries:\n  web:\n  - a: [" + strings.Repeat("0,", size/2) + "]\n",
		"other entries":    "entries:\n  other: [" + strings.Repeat("0,", size/2) + "]\n  web:\n  - urls: [x]\n    version: 1.0.0\n",
		"long JSON":        `{"entries": {"web": [` + strings.Repeat("{},", size/3) + `{}]}}`,
		"deep JSON":        `{"entries": {"web": ` + strings.Repeat("[", size),
		"deep":             "entries:\n  web:\n  - " + strings.Repeat("[", size),
		"deep flow":        "entries: " + strings.Repeat("{a: ", size/4),
		"many levels":      "entries:\n  web:\n" + strings.Repeat("- ", size/2),
		"aliases":          "entries: {a: &a [" + strings.Repeat("x,", 1000) + "], b: &b [" + strings.Repeat("*a,", 1000) + "], web: [" + strings.Repeat("*b,", 1000) + "]}",
		"a long alias":     "a: &a " + strings.Repeat("x", 1<<20) + "\nentries: {web: [" + strings.Repeat("*a,", 100_000) + "]}",
		"in one version":   "entries:\n  web:\n  - a: &a " + strings.Repeat("x", 500_000) + "\n    b: [" + strings.Repeat("*a,", 50_000) + "]\n",
		"a list of itself": "entries: &a {web: [*a]}",
	}
}

// TestIndexMemory wants no index to take more than a few hundred MiB, nor long: neither the
// largest that is read, nor the largest that is parsed as a whole.
func TestIndexMemory(t *testing.T) {
	for _, size := range []int{maxIndexBytes, 980_000} {
		for name, text := range hostile(size) {
			data, start := []byte(text), time.Now()
			var err error
			peak := watched(func() { _, err = readIndex(data, "web") })
			if limit := uint64(384 << 20); peak > limit {
				t.Errorf("%s: %d MiB", name, peak>>20)
			}
			if took := time.Since(start); took > 30*time.Second {
				t.Errorf("%s: it took %s", name, took)
			}
			t.Logf("%s: %d MiB, %s, %.80v", name, peak>>20, time.Since(start).Round(time.Millisecond), err)
		}
	}
}

// watched returns how much the heap grows at most while something is done.
func watched(do func()) uint64 {
	defer debug.SetGCPercent(debug.SetGCPercent(20)) // garbage does not count
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	done, peak := make(chan bool), make(chan uint64)
	go func() {
		most := uint64(0)
		for {
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc)
			select {
			case <-done:
				peak <- most
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	do()
	close(done)
	return max(<-peak, before.HeapAlloc) - before.HeapAlloc
}

// FuzzReadIndex: an end, whatever an index says.
func FuzzReadIndex(f *testing.F) {
	for _, text := range indexes(f) {
		f.Add([]byte(text), "web")
	}
	for _, text := range hostile(200) {
		f.Add([]byte(text), "web")
	}
	f.Fuzz(func(t *testing.T, text []byte, name string) {
		entries, err := readIndex(text, name)
		if err == nil {
			_, _ = choose(entries, "1.0.0") // any error will do
			_, _ = choose(entries, ">=1.0.0")
		}
	})
}
