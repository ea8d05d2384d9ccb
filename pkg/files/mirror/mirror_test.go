package mirror_test

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/mirror"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/safehttp"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("internal/poll.runtime_pollWait"))
}

// upstream is a server of files that counts what it is asked.
type upstream struct {
	*httptest.Server
	mu       sync.Mutex
	content  map[string]string
	requests []string
	breaks   map[string]int // after how many bytes a connection breaks, once
	status   map[string]int // what is answered once
}

func serve(t *testing.T) *upstream {
	t.Helper()
	u := &upstream{content: map[string]string{}, breaks: map[string]int{}, status: map[string]int{}}
	u.Server = httptest.NewServer(u)
	t.Cleanup(u.Close)
	return u
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.mu.Lock()
	line := r.Method + " " + r.URL.Path
	if at := r.Header.Get("Range"); at != "" {
		line += " " + at
	}
	u.requests = append(u.requests, line)
	content, ok := u.content[r.URL.Path]
	status, cut := u.status[r.URL.Path], u.breaks[r.URL.Path]
	delete(u.status, r.URL.Path)
	delete(u.breaks, r.URL.Path)
	u.mu.Unlock()
	switch {
	case status != 0:
		w.WriteHeader(status)
	case !ok:
		http.NotFound(w, r)
	case cut != 0:
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		fmt.Fprint(w, content[:cut])
		panic(http.ErrAbortHandler)
	default:
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(content))
	}
}

// add adds a file, and its checksum in a format.
func (u *upstream) add(name, content, format string) (item, sum files.Item) {
	u.content["/"+name] = content
	item = files.Item{URL: "https://up.example.com/" + name, Path: "up.example.com/" + name}
	if format == "" {
		return item, files.Item{}
	}
	ending, hex := ".sha256", fmt.Sprintf("%x", sha256.Sum256([]byte(content)))
	if strings.Contains(format, "512") {
		ending, hex = ".sha512", fmt.Sprintf("%x", sha512.Sum512([]byte(content)))
	}
	text := strings.NewReplacer("SUM512", hex, "SUM", hex, "NAME", filepath.Base(name)).Replace(format)
	u.content["/"+name+ending] = text
	item.Checksum = item.Path + ending
	return item, files.Item{URL: item.URL + ending, Path: item.Path + ending, ChecksumOf: item.Path}
}

func (u *upstream) options() mirror.Options {
	return mirror.Options{
		Client: safehttp.NewClient(safehttp.New(&http.Transport{DisableKeepAlives: true, DisableCompression: true}, safehttp.Policy{})), Jobs: 3,
		Maps:  []mirror.Map{{From: "https://up.example.com", To: u.URL}},
		Retry: retry.Policy{Attempts: 3, First: time.Millisecond, Longest: time.Millisecond},
	}
}

// outcomes are the results in short.
func outcomes(results []files.Result) []string {
	var all []string
	for _, r := range results {
		all = append(all, fmt.Sprintf("%s %s checked=%v %s", r.Outcome, r.Path, r.Checked, r.Class))
	}
	return all
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// names are the files of a directory.
func names(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(name string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			rel, _ := filepath.Rel(dir, name)
			all = append(all, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestCopy copies files with checksums in all formats, twice.
func TestCopy(t *testing.T) {
	u := serve(t)
	var items []files.Item
	for name, format := range map[string]string{
		"v1/alone": "SUM\n", "v1/named": "SUM  NAME\n", "v1/binary": "SUM *NAME", "v1/bsd": "SHA256 (NAME) = SUM\n", "v1/long": "SUM512  NAME\n",
		"v1/among": strings.Repeat("0", 64) + "  other\nSUM  NAME\n",
	} {
		item, sum := u.add(name, "content of "+name, format)
		items = append(items, item, sum)
	}
	plain, _ := u.add("gpg", "key", "")
	items = append(items, plain)
	slices.SortFunc(items, func(a, b files.Item) int { return strings.Compare(a.Path, b.Path) })
	dir := filepath.Join(t.TempDir(), "new")
	results, err := mirror.Copy(t.Context(), dir, items, u.options())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"copied up.example.com/gpg checked=false "}
	for _, name := range []string{"alone", "among", "binary", "bsd", "long", "named"} {
		want = append(want, "copied up.example.com/v1/"+name+" checked=true ")
	}
	if diff := cmp.Diff(want, outcomes(results)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, item := range items {
		if got := read(t, dir, item.Path); got != u.content[strings.TrimPrefix(item.Path, "up.example.com")] {
			t.Errorf("%s: %q", item.Path, got)
		}
	}
	if got := names(t, dir); len(got) != len(items) {
		t.Errorf("files %v", got)
	}
	u.requests = nil
	if results, err = mirror.Copy(t.Context(), dir, items, u.options()); err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Outcome != files.Present || r.Bytes > 0 {
			t.Errorf("again: %+v", r)
		}
	}
	for _, line := range u.requests {
		if strings.HasPrefix(line, "GET") && !strings.Contains(line, ".sha") {
			t.Errorf("again: %s", line)
		}
	}
	verified, err := mirror.VerifyDir(t.Context(), dir, items, mirror.Options{})
	if err != nil || files.Report("x", verified, nil).Bad() > 0 || files.Report("x", verified, nil).Summary[files.Verified] != 6 {
		t.Errorf("verified %v, %v", outcomes(verified), err)
	}
}

// TestWrongChecksum keeps nothing of a file that does not have its checksum.
func TestWrongChecksum(t *testing.T) {
	u := serve(t)
	bad, badSum := u.add("bad", "good", "SUM")
	u.content["/bad"] = "evil"
	html, htmlSum := u.add("html", "good", "<html>not found</html>")
	gone, goneSum := u.add("gone", "good", "SUM")
	delete(u.content, "/gone")
	out := files.Item{URL: "https://up.example.com/x", Path: "../x"}
	dir := t.TempDir()
	results, err := mirror.Copy(t.Context(), dir, []files.Item{bad, badSum, gone, goneSum, html, htmlSum, out}, u.options())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"failed up.example.com/bad checked=false digest", "failed up.example.com/gone checked=false not-found", "failed up.example.com/html checked=false ", "failed ../x checked=false ",
	}
	if diff := cmp.Diff(want, outcomes(results)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if !strings.Contains(results[0].Remedy, "nothing was kept") {
		t.Errorf("remedy %q", results[0].Remedy)
	}
	if got := names(t, dir); len(got) > 0 {
		t.Errorf("kept %v", got)
	}
}

// TestResume goes on where a connection broke, in this run and in the next.
func TestResume(t *testing.T) {
	u := serve(t)
	content := strings.Repeat("0123456789", 1_000)
	item, sum := u.add("large", content, "SUM")
	u.breaks["/large"] = 4_000
	dir := t.TempDir()
	results, err := mirror.Copy(t.Context(), dir, []files.Item{item, sum}, u.options())
	if err != nil || results[0].Outcome != files.Copied || results[0].Attempts != 2 || results[0].Bytes != 10_000 {
		t.Errorf("%+v, %v", results, err)
	}
	if !slices.Contains(u.requests, "GET /large bytes=4000-") {
		t.Errorf("requests %v", u.requests)
	}
	for name, partial := range map[string]string{"good": content[:6_000], "damaged": strings.Repeat("x", 6_000), "too long": strings.Repeat("x", 20_000), "whole": content} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, filepath.Join(dir, "up.example.com", ".partial-large"), partial)
			results, err := mirror.Copy(t.Context(), dir, []files.Item{item, sum}, u.options())
			if err != nil || results[0].Outcome != files.Copied || read(t, dir, item.Path) != content {
				t.Errorf("%+v, %v", results, err)
			}
			if name == "good" && (results[0].Bytes != 4_000 || results[0].Resumed != 6_000) {
				t.Errorf("%+v", results[0])
			}
			if got := names(t, dir); len(got) != 2 {
				t.Errorf("files %v", got)
			}
		})
	}
}

func put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestRetry tries again what may help.
func TestRetry(t *testing.T) {
	u := serve(t)
	item, sum := u.add("a", "content", "SUM")
	u.status["/a"], u.status["/a.sha256"] = http.StatusServiceUnavailable, http.StatusTooManyRequests
	results, err := mirror.Copy(t.Context(), t.TempDir(), []files.Item{item, sum}, u.options())
	if err != nil || results[0].Outcome != files.Copied || results[0].Attempts != 2 || len(u.requests) != 4 {
		t.Errorf("%+v, %v, %v", results, err, u.requests)
	}
}

// TestInterrupted skips what is left.
func TestInterrupted(t *testing.T) {
	u := serve(t)
	item, sum := u.add("a", "content", "SUM")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	results, err := mirror.Copy(ctx, t.TempDir(), []files.Item{item, sum}, u.options())
	if err != nil || results[0].Outcome != files.Skipped || len(u.requests) > 0 {
		t.Errorf("%+v, %v, %v", results, err, u.requests)
	}
}

// TestVerify finds what is missing, damaged and without a checksum.
func TestVerify(t *testing.T) {
	u := serve(t)
	var items []files.Item
	for _, name := range []string{"damaged", "good", "lost", "unsummed"} {
		item, sum := u.add(name, "content of "+name, "SUM")
		items = append(items, item, sum)
	}
	plain, _ := u.add("plain", "x", "")
	items = append(items, plain)
	dir := t.TempDir()
	if _, err := mirror.Copy(t.Context(), dir, items, u.options()); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "up.example.com", "damaged"), "damagee of damaged")
	for _, name := range []string{"lost", "unsummed.sha256"} {
		if err := os.Remove(filepath.Join(dir, "up.example.com", name)); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"different up.example.com/damaged", "verified up.example.com/good", "missing up.example.com/lost", "missing up.example.com/unsummed", "unchecked up.example.com/plain"}
	verified, err := mirror.VerifyDir(t.Context(), dir, items, mirror.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, short(verified)); diff != "" {
		t.Errorf("directory (-want +got)\n%s", diff)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer server.Close()
	if diff := cmp.Diff(want, short(mirror.VerifyURL(t.Context(), server.URL+"/", items, true, u.options()))); diff != "" {
		t.Errorf("address, all bytes (-want +got)\n%s", diff)
	}
	want[0], want[1] = "unchecked up.example.com/damaged", "unchecked up.example.com/good"
	if diff := cmp.Diff(want, short(mirror.VerifyURL(t.Context(), server.URL, items, false, u.options()))); diff != "" {
		t.Errorf("address (-want +got)\n%s", diff)
	}
}

func short(results []files.Result) []string {
	var all []string
	for _, r := range results {
		all = append(all, fmt.Sprintf("%s %s", r.Outcome, r.Path))
	}
	return all
}

// TestParseMap reads maps.
func TestParseMap(t *testing.T) {
	got, err := mirror.ParseMap("https://dl.k8s.io/=https://nexus.example.com/k8s/")
	if err != nil || got != (mirror.Map{From: "https://dl.k8s.io", To: "https://nexus.example.com/k8s"}) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, text := range []string{"", "dl.k8s.io=nexus", "https://dl.k8s.io", "https://a=ftp://b"} {
		if _, err := mirror.ParseMap(text); err == nil {
			t.Errorf("%q is read", text)
		}
	}
}
