package browser_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	devtools "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display/page"
)

// required is the variable that makes a missing browser an error. Otherwise the tests are left out.
const required = "KKP_MIRROR_REQUIRE_BROWSER"

// chromium returns the program of the browser.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv(required) != "" {
		t.Fatal("chromium is not installed")
	}
	t.Skip("chromium is not installed (Debian: chromium): the page is not tested in a browser")
	return ""
}

// tab is a page that is open in the browser, with what the browser complained about.
type tab struct {
	ctx context.Context
	t   *testing.T

	mu       sync.Mutex
	errors   []string
	requests []string
}

// open opens a file in a browser of its own.
func open(t *testing.T, file string, setup ...chromedp.Action[chromedp.Void]) *tab {
	t.Helper()
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.WindowSize(1280, 900))
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancel)
	b := &tab{ctx: ctx, t: t}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	b.run(command(network.Enable, network.EnableParams{}), command(runtime.Enable, cdp.Empty{}), command(log.Enable, cdp.Empty{}))
	address := (&url.URL{Scheme: "file", Path: file}).String()
	b.run(append(setup, chromedp.Navigate(address))...)
	t.Cleanup(func() { b.wantQuiet(address) })
	return b
}

// command is the action that sends a command of DevTools.
func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// listen records errors and requests.
func (b *tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		b.errors = append(b.errors, fmt.Sprintf("console: %v", e.Type))
	case *runtime.EventExceptionThrown:
		b.errors = append(b.errors, e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		b.errors = append(b.errors, fmt.Sprintf("%v: %s", e.Entry.Level, e.Entry.Text))
	case *devtools.EventJavascriptDialogOpening:
		b.errors = append(b.errors, "dialog: "+e.Message)
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	}
}

// wantQuiet fails the test if the page has sent a request, or has an error on the console.
func (b *tab) wantQuiet(address string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, message := range b.errors {
		b.t.Errorf("the browser says: %s", message)
	}
	if len(b.requests) == 0 {
		b.t.Error("the browser has not even opened the page")
	}
	for _, request := range b.requests {
		if request != address && !strings.HasPrefix(request, "data:,") {
			b.t.Errorf("the page requests %s", request)
		}
	}
}

func (b *tab) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// result runs an action that has a result.
func result[T any](b *tab, action chromedp.Action[T]) T {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, action)
	if err != nil {
		b.t.Fatal(err)
	}
	return value
}

// text returns the text of an element as the user sees it.
func (b *tab) text(selector string) string {
	b.t.Helper()
	return result(b, chromedp.Text(chromedp.CSS(selector)))
}

// number returns the value of an expression.
func (b *tab) number(expression string) float64 {
	b.t.Helper()
	return result(b, chromedp.Evaluate[float64](expression))
}

// visible returns the number of rows that the user sees, when the table is not busy any more.
func (b *tab) visible() float64 {
	b.t.Helper()
	for b.number(`document.querySelectorAll('#rows [aria-busy]').length`) > 0 {
		b.run(chromedp.Sleep(10 * time.Millisecond))
	}
	return b.number(`Array.from(document.querySelectorAll('#rows tbody tr')).filter((row) => row.offsetHeight > 0).length`)
}

// choose selects a value of a filter, as a user does.
func (b *tab) choose(key, value string) {
	b.t.Helper()
	b.number(fmt.Sprintf(`(() => { const s = document.querySelector('select[data-key=%s]'); s.value = %q; s.dispatchEvent(new Event('input', {bubbles: true})); return 0; })()`, key, value))
}

func TestSearchFilterAndSort(t *testing.T) {
	b := open(t, written(t, forecast(t, 500)))
	if n := b.visible(); n != 500 {
		t.Fatalf("%v rows are visible", n)
	}
	all := b.text("#shown")
	if !strings.HasPrefix(all, "500 images, ") {
		t.Errorf("got %q", all)
	}
	b.run(chromedp.SendKeys(chromedp.CSS("#search"), "component-42"))
	if n := b.visible(); n != 11 { // component-42, and component-420 to component-429
		t.Errorf("%v rows match", n)
	}
	some := b.text("#shown")
	if !strings.HasPrefix(some, "11 of 500 images, ") || strings.TrimPrefix(some, "11 of ") == all {
		t.Errorf("got %q", some)
	}
	b.choose("state", "present")
	if n := b.visible(); n >= 11 {
		t.Errorf("%v rows match", n)
	}
	b.run(chromedp.Click(chromedp.CSS("button[type=reset]")), chromedp.Sleep(50*time.Millisecond))
	if got := b.text("#shown"); got != all {
		t.Errorf("after a reset: %q, before: %q", got, all)
	}
	for _, filter := range [][2]string{{"sources", "addons"}, {"registry", "docker.io"}, {"clusters", "frankfurt"}, {"platforms", "linux/arm64"}} {
		b.choose(filter[0], filter[1])
		if n := b.visible(); n == 0 || n == 500 {
			t.Errorf("%s: %v rows match", filter, n)
		}
		b.choose(filter[0], "")
	}
	b.sorts()
}

// TestChanges filters the changes since an older lock, on the pages that have them.
func TestChanges(t *testing.T) {
	for name, tt := range map[string]struct {
		page   page.Page
		change string
		rows   float64
	}{
		"images": {listed(60), "changed", 30}, "what is gone": {listed(60), "gone", 1}, "verify": {verified(60), "changed", 20},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t, written(t, tt.page))
			b.choose("change", tt.change)
			if n := b.visible(); n != tt.rows {
				t.Errorf("%v rows are visible, want %v", n, tt.rows)
			}
		})
	}
}

// sorts checks that a click on a header sorts, and a second one the other way.
func (b *tab) sorts() {
	b.t.Helper()
	const sizes = `(() => { const s = Array.from(document.querySelectorAll('#rows tbody tr'), (row) => Number(row.dataset.size)); let up = 0, down = 0; for (let i = 1; i < s.length; i++) { if (s[i] > s[i-1]) up++; if (s[i] < s[i-1]) down++; } return up && down ? 0 : up ? 1 : -1; })()`
	for _, want := range []float64{1, -1} {
		b.run(chromedp.Click(chromedp.CSS(`th[data-sort=size] button`)))
		if got := b.number(sizes); got != want {
			b.t.Errorf("the order is %v, want %v", got, want)
		}
	}
}

// TestFilterIsFast measures how long a change of the search field of a page of 500 images takes until
// the user sees its effect, layout included. Other programs may need the processor: the fastest of
// several rounds counts.
func TestFilterIsFast(t *testing.T) {
	b := open(t, written(t, forecast(t, 500)))
	worst := b.number(`(() => { const s = document.getElementById('search'); const best = {};
for (let round = 0; round < 10; round++) {
  for (const text of ['c', 'component-1', 'quay.io aws', 'nothing', '']) {
    const begin = performance.now(); s.value = text; s.dispatchEvent(new Event('input', {bubbles: true})); document.body.offsetHeight;
    best[text] = Math.min(best[text] ?? Infinity, performance.now() - begin);
  }
}
return Math.max(...Object.values(best)); })()`)
	t.Logf("%.1f ms", worst)
	if worst > 100 {
		t.Errorf("a filter takes %.0f ms", worst)
	}
}

// TestKeyboard opens an image and sorts without a mouse.
func TestKeyboard(t *testing.T) {
	b := open(t, written(t, forecast(t, 3)))
	b.run(chromedp.Focus(chromedp.CSS("#rows tbody tr:nth-child(2) summary")), chromedp.KeyEvent("\r"))
	if b.number(`document.querySelectorAll('#rows details[open]').length`) != 1 || b.number(`document.querySelector('#rows details[open] li').offsetHeight`) == 0 {
		t.Error("Enter does not open the image")
	}
	b.run(chromedp.Focus(chromedp.CSS("th[data-sort=name] button")), chromedp.KeyEvent(" "))
	if b.number(`document.querySelectorAll('th[aria-sort=ascending]').length`) != 1 {
		t.Error("the space key does not sort")
	}
	b.number(`(() => { document.activeElement.blur(); return 0; })()`)
	b.run(chromedp.KeyEvent("\t"))
	if b.number(`document.activeElement && document.activeElement.tagName === 'BODY' ? 0 : 1`) != 1 {
		t.Error("the tab key reaches nothing")
	}
}

// TestWithoutScripts checks that everything is there, and readable, where scripts are not allowed.
func TestWithoutScripts(t *testing.T) {
	b := open(t, written(t, forecast(t, 20)), command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	text := b.text("body")
	for _, want := range []string{"component-19", "Digest of the list", "sha256:", "Upload by source", "20 images"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not visible", want)
		}
	}
	if strings.Contains(text, "Reset") {
		t.Error("filters are visible that cannot work")
	}
	b.run(chromedp.Click(chromedp.CSS("#rows tbody tr:nth-child(2) summary")))
	if !strings.Contains(b.text("#rows tbody tr:nth-child(2)"), "components: ") {
		t.Error("the reasons are not visible")
	}
}

// TestHostileTextInTheBrowser shows texts of attackers as text, also while searching.
func TestHostileTextInTheBrowser(t *testing.T) {
	hostile := []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, "javascript:alert(1)", "\u202egpj.exe", strings.Repeat("x", 10_000)}
	for name, file := range map[string]string{"images": written(t, attacked(t, hostile)), "check": written(t, attackedCheck(hostile))} {
		t.Run(name, func(t *testing.T) {
			b := open(t, file)
			text := b.text("body")
			for _, want := range hostile {
				if want == "\u202egpj.exe" {
					want = `\u202egpj.exe`
				}
				if !strings.Contains(text, want) {
					t.Errorf("%.40q is not visible as text", want)
				}
			}
			b.run(chromedp.SendKeys(chromedp.CSS("#search"), "<script>"))
			if n := b.number(`document.querySelectorAll('img, a[href^="javascript"], iframe').length`); n != 0 {
				t.Errorf("%v elements of an attacker", n)
			}
			if width := b.number(`document.documentElement.scrollWidth - innerWidth`); width > 0 {
				t.Errorf("the page is %v pixels too wide", width)
			}
		})
	}
}

// TestThemes checks the colours of both themes of each page, prints the page, and keeps a picture of
// each theme.
func TestThemes(t *testing.T) {
	pages := map[string]string{
		"images": written(t, listed(60)), "sync-dry-run": written(t, forecast(t, 60)), "verify": written(t, verified(60)), "check": written(t, checked(60)),
	}
	for name, file := range pages {
		for _, theme := range []string{"light", "dark"} {
			t.Run(name+"-"+theme, func(t *testing.T) {
				b := open(t, file, command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}}))
				bright := b.number(`getComputedStyle(document.body).backgroundColor.match(/\d+/g).reduce((sum, part) => sum + Number(part), 0)`)
				if (bright > 384) != (theme == "light") {
					t.Errorf("the background has the brightness %v", bright)
				}
				picture, printed := result(b, chromedp.CaptureScreenshot()), result(b, chromedp.PrintToPDF())
				if len(printed) < 1000 || len(picture) < 1000 {
					t.Errorf("%d bytes printed, a picture of %d bytes", len(printed), len(picture))
				}
				keep(t, name+"-"+theme+".png", picture)
			})
		}
	}
}

// keep writes a picture to the directory of KKP_MIRROR_PICTURES, if the variable is set.
func keep(t *testing.T, name string, picture []byte) {
	t.Helper()
	dir := os.Getenv("KKP_MIRROR_PICTURES")
	if dir == "" {
		return
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), picture, 0o644); err != nil {
		t.Fatal(err)
	}
}
