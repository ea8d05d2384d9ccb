package browser_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// count returns the number of elements that the user sees.
func (b *tab) count(selector string) float64 {
	b.t.Helper()
	return b.number(`Array.from(document.querySelectorAll(` + "`" + selector + "`" + `)).filter((element) => element.checkVisibility()).length`)
}

// wantShown fails the test unless the page shows numbers of subjects and of sections.
func (b *tab) wantShown(what string, subjects, sections float64, text string) {
	b.t.Helper()
	if n := b.count(".subject"); n != subjects {
		b.t.Errorf("%s: %v subjects are visible, want %v", what, n, subjects)
	}
	if n := b.count(".group"); n != sections {
		b.t.Errorf("%s: %v sections are visible, want %v", what, n, sections)
	}
	if got := b.text("#shown"); got != text {
		b.t.Errorf("%s: the page says %q, want %q", what, got, text)
	}
}

// TestFindings searches and filters the findings of a check.
func TestFindings(t *testing.T) {
	b := open(t, written(t, checked(500)))
	b.wantShown("at first", 8+1+1+1+1, 3, "504 findings") // of the 500, the first 8
	b.choose("state", "unknown")
	b.wantShown("unknown", 1, 1, "1 of 504 findings")
	b.choose("state", "not ready")
	b.wantShown("not ready", 8+1, 2, "501 of 504 findings")
	b.choose("section", "running")
	b.wantShown("not ready, running", 1, 1, "1 of 504 findings")
	b.run(chromedp.Click(chromedp.CSS("button[type=reset]")), chromedp.Sleep(50*time.Millisecond))
	b.wantShown("after a reset", 8+1+1+1+1, 3, "504 findings")
	b.run(chromedp.SendKeys(chromedp.CSS("#search"), "component-42"))
	b.wantShown("component-42", 11, 1, "11 of 504 findings") // component-42, and component-420 to component-429
}

// TestCommandsAreCopied selects the command of a remedy with its button.
func TestCommandsAreCopied(t *testing.T) {
	b := open(t, written(t, checked(3)))
	b.run(chromedp.Click(chromedp.CSS(".command button")), chromedp.Sleep(50*time.Millisecond))
	got := result(b, chromedp.Evaluate[string](`getSelection().toString()`))
	if want := "kubectl kkp-mirror sync registry.example.com/kkp --registry-map '*=cache.example.com/{host}'"; strings.TrimSpace(got) != want {
		t.Errorf("selected: %q, want %q", got, want)
	}
	if text := b.text(".command button"); text != "Copied" && text != "Selected" {
		t.Errorf("the button says %q", text)
	}
}

// TestFindingsWithoutScripts checks that everything can be read, and opened, where scripts are not
// allowed.
func TestFindingsWithoutScripts(t *testing.T) {
	b := open(t, written(t, checked(20)), command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	text := b.text("body")
	for _, want := range []string{"KKP v2.31.0 EE at kkp.example.com", "registry.example.com/kkp", "2026-11-26 09:00 UTC", "kubectl kkp-mirror v1.0.0", "The installation is not ready", "24 findings", "component-7", "and 12 more", "check that this machine reaches the API server", "kubectl kkp-mirror patch-helm"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not visible", want)
		}
	}
	for _, without := range []string{"Reset", "Copy\n", "component-19"} {
		if strings.Contains(text, without) {
			t.Errorf("%q is visible", without)
		}
	}
	b.run(chromedp.Click(chromedp.CSS(".more summary")))
	if !strings.Contains(b.text(".more"), "component-19") {
		t.Error("the other subjects cannot be opened")
	}
	b.run(chromedp.Click(chromedp.CSS(".group summary")))
	if strings.Contains(b.text("body"), "no route to host") {
		t.Error("a section cannot be closed")
	}
}
