// Package script reads shell scripts and rewrites them, so that an interpreter that runs
// them asks at every call, every branch and every loop: each call is announced with the
// place where it is, each branch that depends on something unknown is followed on both
// sides, and each loop counts its rounds. It knows the syntax of shells, but neither what
// commands do nor who interprets the result.
package script

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Commands that rewriting puts into scripts. No script can call them: their names have a
// rune that Clean takes out of all texts.
const (
	At    = prefix + "at"    // SITE COMMAND…: a call
	Mark  = prefix + "mark"  // BRANCH: what follows decides
	Other = prefix + "other" // BRANCH: could it have been decided otherwise?
	Loop  = prefix + "loop"  // LOOP: begins
	Round = prefix + "round" // LOOP: a round begins
	Test  = prefix + "test"  // WORD…: these are compared
	Deep  = prefix + "deep"  // DEPTH: of calls of functions
	Weigh = prefix + "weigh" // variables are set
	Store = prefix + "store" // keeps its input in a file, and prints the name
)

// prefix begins the names of these commands.
const prefix = "\uE002"

// Unknown begins, and Known ends what stands for a text that only a node knows.
const (
	Unknown = "\uE000"
	Known   = "\uE001"
)

// maxScript bounds a script, in bytes.
const maxScript = 1 << 20

// maxNested bounds how deep the parts of a script are in each other.
const maxNested = 400

// Bounds of what one word of a script may make.
const (
	maxWords     = 2_000 // of {a,b} and {1..9}
	maxVariables = 100   // in it
)

// Value is a text that only a node knows, named after what it comes from.
func Value(from string) string {
	clean := strings.Map(func(r rune) rune {
		if r <= ' ' || r >= 0xE000 && r <= 0xF8FF {
			return '_'
		}
		return r
	}, from)
	return Unknown + clean + Known
}

// IsKnown tells whether no part of a text is unknown.
func IsKnown(text string) bool { return !strings.Contains(text, Unknown) }

// Readable writes a text for people: "https://example.com/<$VERSION>/file".
func Readable(text string) string {
	return strings.NewReplacer(Unknown, "<", Known, ">").Replace(text)
}

// Masked hides credentials in a text for people: those of headers, of options and of
// addresses.
func Masked(text string) string {
	text = regexp.MustCompile(`(?i)\b(bearer|basic)\s+[^\s'"]+`).ReplaceAllString(text, "$1 ***")
	text = regexp.MustCompile(`(?i)(--?(?:u|user|password|token|proxy-user)[ =])[^\s]+`).ReplaceAllString(text, "$1***")
	return regexp.MustCompile(`://[^/@\s'"]+@`).ReplaceAllString(text, "://***@")
}

// Clean takes out of a text of others what stands for something else here.
func Clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 0xE000 && r <= 0xE00F {
			return '?'
		}
		return r
	}, text)
}

// Site is a call in a script.
type Site struct {
	File     string // path of the script
	Line     int    // in it
	Text     string // the call, on one line
	Branches []int  // that it depends on, in this script
	Fetches  bool   // its first words name a program that downloads
}

// Book has all calls of the scripts that were read.
type Book struct {
	Sites    []Site
	branches int
	loops    int
}

// TooDeepError is a script whose parts are too deep in each other.
type TooDeepError struct{ File string }

func (e *TooDeepError) Error() string {
	return fmt.Sprintf("%s: more than %d brackets and blocks in each other", e.File, maxNested)
}

// Parse reads a script and rewrites it.
func (b *Book) Parse(file, text string) (*syntax.File, error) {
	if len(text) > maxScript {
		return nil, fmt.Errorf("%s: a script of more than %d MiB", file, maxScript>>20)
	}
	if nested(text) > maxNested {
		return nil, &TooDeepError{file}
	}
	parsed, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), file)
	if err != nil {
		var wrong syntax.ParseError
		if errors.As(err, &wrong) {
			return nil, fmt.Errorf("%s:%d: %s", file, wrong.Pos.Line(), wrong.Text)
		}
		return nil, err
	}
	w := &rewriter{book: b, file: file, source: text}
	parsed.Stmts = w.statements(parsed.Stmts)
	return parsed, w.err
}

// Text reads a script and returns it rewritten, as text.
func (b *Book) Text(file, text string) (string, error) {
	parsed, err := b.Parse(file, text)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = syntax.NewPrinter().Print(&out, parsed)
	return out.String(), err
}

// nested is how deep the brackets or the blocks of a text are in each other at most, whatever
// they mean. Blocks count by the words that open and close them.
func nested(text string) int {
	depth, deepest := 0, 0
	for _, r := range text {
		switch r {
		case '(', '{', '[':
			depth++
			deepest = max(deepest, depth)
		case ')', '}', ']':
			depth = max(depth-1, 0)
		}
	}
	return max(deepest, blocks(text))
}

// blocks is how deep blocks are in each other at most.
func blocks(text string) int {
	depth, deepest := 0, 0
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r <= ' ' || r == ';' }) {
		switch word {
		case "if", "while", "until", "case", "for", "select":
			depth++
			deepest = max(deepest, depth)
		case "fi", "done", "esac":
			depth = max(depth-1, 0)
		}
	}
	return deepest
}
