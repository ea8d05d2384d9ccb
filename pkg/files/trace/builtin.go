package trace

import (
	"context"
	"strings"

	"mvdan.cc/sh/v3/interp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace/memory"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace/script"
)

// builtin says what is called instead of a builtin of shells. Others stay as they are.
func (m *machine) builtin(ctx context.Context, args []string) ([]string, error) {
	nothing := []string{"true"}
	switch args[0] {
	case "set":
		return set(args[1:]), nil
	case "shopt", "alias", "wait", "hash", "help":
		return nothing, nil
	case "exit", "return":
		if m.isOpen() {
			return nothing, nil
		}
	case "eval":
		return m.eval(ctx, m.place(ctx), strings.Join(args[1:], " "))
	case "source", ".":
		if len(args) > 1 {
			return m.source(ctx, args[1])
		}
	case "trap":
		return m.trap(ctx, args), nil
	case "cd", "pushd":
		if len(args) > 1 && !strings.HasPrefix(args[len(args)-1], "-") {
			m.files.Mkdir(memory.Path(interp.HandlerCtx(ctx).Dir, args[len(args)-1]))
		}
	case "printf":
		if len(args) > 1 && wide(args[1]) {
			return nil, &tooMuchError{"printf with a width of more than four digits"}
		}
	default:
		return m.asks(args), nil
	}
	return args, nil
}

// asks notes that a builtin asks the node for something.
func (m *machine) asks(args []string) []string {
	switch args[0] {
	case "command", "type":
		if len(args) > 2 && (args[1] == "-v" || args[1] == "-V") {
			m.unknown()
			return []string{"echo", "/usr/bin/" + args[len(args)-1]}
		}
	case "test", "[":
		if !script.IsKnown(strings.Join(args, " ")) {
			m.unknown()
		}
	case "read":
		m.unknown()
	}
	return args
}

// trap has what is run at the end rewritten as well.
func (m *machine) trap(ctx context.Context, args []string) []string {
	if len(args) < 3 || args[1] == "-" || args[1] == "" {
		return args
	}
	text, err := m.rewritten(m.place(ctx), args[1])
	if err != nil || !script.IsKnown(args[1]) {
		return []string{"true"}
	}
	return []string{"trap", text, args[len(args)-1]}
}

// isOpen tells whether the call that was announced last is on a branch that a node may not
// take: it must not end the trace.
func (m *machine) isOpen() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.last < 0 || m.last >= len(m.book.Sites) {
		return false
	}
	for _, id := range m.book.Sites[m.last].Branches {
		if b := m.branches[id]; b != nil && b.open {
			return true
		}
	}
	return false
}

// set keeps of the arguments of "set" those that are no options: a trace goes on after a
// failure, and does not end at a variable that is not set.
func set(args []string) []string {
	for len(args) > 0 {
		a := args[0]
		if a == "--" {
			return append([]string{"set"}, args...)
		}
		if len(a) < 2 || a[0] != '-' && a[0] != '+' {
			break
		}
		args = args[1:]
		if strings.HasSuffix(a, "o") && len(args) > 0 {
			args = args[1:]
		}
	}
	if len(args) == 0 || args[0] == "-" || args[0] == "+" {
		return []string{"true"}
	}
	return append([]string{"set", "--"}, args...)
}

// eval has a text evaluated, under the name of where it is from.
func (m *machine) eval(ctx context.Context, name, text string) ([]string, error) {
	if m.isRun(m.place(ctx), "evaluates", text) {
		return []string{"true"}, nil
	}
	rewritten, err := m.rewritten(name, text)
	var tooMuch *tooMuchError
	if asTooMuch(err, &tooMuch) {
		return nil, err
	}
	if err != nil {
		m.gap(m.place(ctx), "evaluates what is no script: "+err.Error())
		return []string{"false"}, nil //nolint:nilerr // it is a gap, and the trace goes on
	}
	return []string{"eval", rewritten}, nil
}

// source has a file evaluated. What is not in memory sets nothing that is known.
func (m *machine) source(ctx context.Context, name string) ([]string, error) {
	name = memory.Path(interp.HandlerCtx(ctx).Dir, name)
	content := m.read(name)
	if _, there := m.files.Read(name); !there {
		return []string{"true"}, nil
	}
	m.mu.Lock()
	m.ran[name] = true
	m.mu.Unlock()
	return m.eval(ctx, name, content)
}

// isRun notes a gap if a text that is run as a script is not known, and tells whether it is.
func (m *machine) isRun(where, verb, text string) bool {
	if script.IsKnown(text) {
		return false
	}
	if from, ok := downloaded(text); ok {
		m.gap(where, "it "+verb+" what it downloads from "+from+", which may download more")
	} else {
		m.gap(where, "it "+verb+" what only a node has: "+text)
	}
	return true
}

// place is where the call that was announced last is.
func (m *machine) place(ctx context.Context) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.last >= 0 && m.last < len(m.book.Sites) {
		site := m.book.Sites[m.last]
		return where(site.File, site.Line)
	}
	return nameOf(ctx)
}

// wide tells whether a format has a width that makes much of nothing.
func wide(format string) bool {
	digits := 0
	for _, r := range format {
		if digits++; r == '*' {
			return true
		} else if r < '0' || r > '9' {
			digits = 0
		}
		if digits > 4 {
			return true
		}
	}
	return false
}
