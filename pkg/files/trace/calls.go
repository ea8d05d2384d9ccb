package trace

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"syscall"

	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace/memory"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace/script"
)

// parse reads a script; the book keeps its calls.
func (m *machine) parse(name, text string) (*syntax.File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.book.Parse(name, text)
}

// rewritten returns a script as text.
func (m *machine) rewritten(name, text string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.scripts++; m.scripts > maxScripts {
		return "", &tooMuchError{fmt.Sprintf("more than %d scripts are run", maxScripts)}
	}
	return m.book.Text(name, text)
}

// call is asked before each call, and says what is called instead. Commands that rewriting
// put in are answered here, and so are those builtins that the interpreter has and must not
// run as it would.
func (m *machine) call(ctx context.Context, args []string) ([]string, error) {
	if args[0] == script.At && len(args) > 2 {
		site := number(args[1])
		args = args[2:]
		if err := m.count(site, args); err != nil {
			return nil, err
		}
	}
	if args[0] == script.Round || args[0] == script.Deep || args[0] == script.Weigh {
		return m.bounded(ctx, args)
	}
	if answer := m.hidden(args); answer != nil {
		return answer, nil
	}
	return m.builtin(ctx, args)
}

// number reads a number that rewriting wrote.
func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}

// count notes that a site was reached.
func (m *machine) count(site int, args []string) error {
	size := 0
	for _, a := range args {
		size += len(a)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls++
	m.reached[site], m.last = true, site
	switch {
	case m.calls > maxCalls:
		return &tooMuchError{fmt.Sprintf("more than %d calls of commands", maxCalls)}
	case size > maxText:
		return &tooMuchError{fmt.Sprintf("the arguments of a command are larger than %d MiB", maxText>>20)}
	}
	return nil
}

// hidden answers what rewriting asks; nil if it is something else.
func (m *machine) hidden(args []string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	id := 0
	if len(args) > 1 {
		id = number(args[1])
	}
	switch args[0] {
	case script.Mark:
		m.branches[id] = &branch{unknowns: m.unknowns}
	case script.Other:
		b := m.branches[id]
		if b == nil || m.unknowns == b.unknowns {
			return []string{"false"}
		}
		b.open = true
	case script.Loop:
		m.loops[id] = &loop{sleeps: m.sleeps}
	case script.Test:
		if !script.IsKnown(strings.Join(args[1:], " ")) {
			m.unknowns++
		}
	default:
		return nil
	}
	return []string{"true"}
}

// bounded answers where a script can make much of little: at the beginning of a round of a
// loop, of a function, and where variables are set.
func (m *machine) bounded(ctx context.Context, args []string) ([]string, error) {
	n := 0
	if len(args) > 1 {
		n = number(args[1])
	}
	if args[0] == script.Deep {
		if n > maxFuncs {
			return nil, &tooMuchError{fmt.Sprintf("functions call each other more than %d deep", maxFuncs)}
		}
		return []string{"true"}, nil
	}
	if tooLarge(interp.HandlerCtx(ctx)) {
		return nil, &tooMuchError{fmt.Sprintf("its variables are larger than %d MiB", maxText>>20)}
	}
	if args[0] == script.Weigh {
		return []string{"true"}, nil
	}
	return m.round(ctx, n), nil
}

// round answers at the beginning of a round of a loop: the loop ends if it waits for
// something, or goes round too often.
func (m *machine) round(ctx context.Context, n int) []string {
	m.mu.Lock()
	l := m.loops[n]
	if l == nil {
		l = &loop{}
		m.loops[n] = l
	}
	l.rounds++
	rounds, waits := l.rounds, m.sleeps-l.sleeps >= maxSleeps
	m.mu.Unlock()
	switch {
	case waits:
		return []string{"break"}
	case rounds > maxRounds:
		m.gap(nameOf(ctx), fmt.Sprintf("a loop goes round more than %d times, and is left", maxRounds))
		return []string{"break"}
	}
	return []string{"true"}
}

// tooLarge tells whether the variables of a script take too much.
func tooLarge(hc interp.HandlerContext) bool {
	size := 0
	for _, v := range hc.Env.Each {
		size += len(v.Str)
		for _, item := range v.List {
			size += len(item)
		}
	}
	return size > maxText
}

// open opens a file of the machine. What is not in memory has an unknown content.
func (m *machine) open(ctx context.Context, name string, flag int, _ fs.FileMode) (io.ReadWriteCloser, error) {
	name = memory.Path(interp.HandlerCtx(ctx).Dir, name)
	if flag&(syscall.O_WRONLY|syscall.O_RDWR) != 0 {
		return m.files.Writer(name, flag&syscall.O_APPEND != 0)
	}
	return memory.Reader(m.read(name)), nil
}

// read returns the content of a file, unknown if only a node has it.
func (m *machine) read(name string) string {
	content, ok := m.files.Read(name)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.looked[name] = true
	if !ok && name != "/dev/null" {
		m.unknowns++
		return script.Value(name) + "\n"
	}
	return content
}

// stat describes a file. Whether there is one that is not in memory is unknown; the answer
// is no.
func (m *machine) stat(_ context.Context, name string, _ bool) (fs.FileInfo, error) {
	name = memory.Path("/", name)
	m.mu.Lock()
	m.looked[name] = true
	m.mu.Unlock()
	info, err := m.files.Stat(name)
	if err != nil {
		m.unknown()
		return nil, &fs.PathError{Op: "stat", Path: name, Err: err}
	}
	return info, nil
}

// access tells whether a file can be used. Programs of the system are there.
func (m *machine) access(ctx context.Context, name string, _ interp.AccessMode) error {
	_, err := m.stat(ctx, name, true)
	if err != nil && strings.Contains(name, "/bin/") {
		return nil
	}
	return err
}

func (m *machine) readDir(_ context.Context, name string) ([]fs.DirEntry, error) {
	return m.files.List(memory.Path("/", name)), nil
}
