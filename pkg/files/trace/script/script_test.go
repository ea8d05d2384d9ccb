package script_test

import (
	"strings"
	"testing"

	"mvdan.cc/sh/v3/syntax"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace/script"
)

// TestMasked hides credentials, and nothing else.
func TestMasked(t *testing.T) {
	for text, want := range map[string]string{
		"curl --header 'Authorization: Bearer abc.def' https://a/b": "curl --header 'Authorization: Bearer ***' https://a/b",
		"curl -u me:secret https://a/b":                             "curl -u *** https://a/b",
		"wget --password=secret https://me:secret@a/b":              "wget --password=*** https://***@a/b",
		"curl -Lfo /opt/kubelet https://a/b@c":                      "curl -Lfo /opt/kubelet https://a/b@c",
	} {
		if got := script.Masked(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// TestText rewrites scripts to texts that can be read again.
func TestText(t *testing.T) {
	for _, text := range []string{
		"a | b && c || d; ! e", "if a; then b; elif c; then d; else e; fi", "while a; do b; done < f > g", "for i in 1 2; do a $i; done", "for ((i=0;i<3;i++)); do a; done",
		"case $a in b) c ;; *) d ;; esac", "f() { local a=$1; return 1; }; f x", "a <<E\n$b `c`\nE\n", "[[ $a =~ b ]] && c", "x=(1 2); ${x[@]} <(a) >(b)", "a & wait", "coproc a", "time a",
	} {
		var book script.Book
		out, err := book.Text("/s", text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if _, err := syntax.NewParser().Parse(strings.NewReader(out), ""); err != nil {
			t.Errorf("%q is rewritten to %q: %v", text, out, err)
		}
	}
}

// TestParse refuses what makes much of little, and says where.
func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"a\nif":                             "/s:2:",
		"a\nb {1..99999}":                   "/s:2: a word",
		"a {1..99}{1..99}":                  "/s:1: a word",
		strings.Repeat("$a", 200):           "/s:1: a word",
		strings.Repeat("(", 1000):           "in each other",
		strings.Repeat("if a; then ", 1000): "in each other",
		strings.Repeat("a", 2<<20):          "more than 1 MiB",
	} {
		var book script.Book
		if _, err := book.Parse("/s", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.30q: %v, want %q", text, err, want)
		}
	}
}

// TestSites finds the calls that download.
func TestSites(t *testing.T) {
	var book script.Book
	if _, err := book.Parse("/s", "echo curl\nsudo -E timeout 30 curl \\\n  a\napt-get update\napt-get install b\ndocker ps\ndocker pull c\nif d; then exit; fi"); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range book.Sites {
		if s.Fetches {
			got = append(got, s.Text)
		}
	}
	if strings.Join(got, ", ") != "sudo -E timeout 30 curl a, apt-get install b, docker pull c" {
		t.Errorf("%q", got)
	}
	last := book.Sites[len(book.Sites)-1]
	if last.Text != "exit" || last.Line != 8 || len(last.Branches) != 1 {
		t.Errorf("%+v", last)
	}
}
