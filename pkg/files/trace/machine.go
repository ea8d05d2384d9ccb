package trace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace/memory"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace/script"
)

// Bounds of one trace. The scripts of KKP take some hundred calls.
const (
	maxCalls   = 20_000
	maxScripts = 300     // that are run, and texts that are evaluated
	maxDepth   = 12      // of scripts that run each other
	maxFuncs   = 48      // of functions that call each other
	maxRounds  = 500     // of a loop
	maxSleeps  = 2       // in a loop, which then waits for something
	maxText    = 1 << 20 // bytes: of the arguments of a call, of what a command reads, of all variables
	maxFound   = 2_000   // downloads, packages and gaps each
	maxGap     = 300     // characters of the text of a gap
)

// machine is a machine while it is traced. Pipes have several commands run at once.
type machine struct {
	system System
	files  *memory.Files
	book   *script.Book

	mu       sync.Mutex
	found    Found
	reached  map[int]bool    // sites
	fetched  map[int]bool    // sites that turned out to download
	looked   map[string]bool // files
	started  map[string]bool // units
	ran      map[string]bool // files that were run as scripts
	loops    map[int]*loop   // by number
	branches map[int]*branch // by number
	sleeps   int             // so far
	unknowns int             // answers that only a node has, so far
	calls    int             // so far
	scripts  int             // so far
	stored   int             // files that were made for <(…)
	last     int             // the site of the call before
}

// loop is how often a loop went round.
type loop struct{ rounds, sleeps int }

// branch is a place where a script decides.
type branch struct {
	unknowns int  // before it
	open     bool // it depends on the node
}

// tooMuchError ends a trace.
type tooMuchError struct{ what string }

func (e *tooMuchError) Error() string { return e.what }

func newMachine(s System) *machine {
	m := &machine{
		system: s, files: memory.New(), book: &script.Book{}, reached: map[int]bool{}, fetched: map[int]bool{}, looked: map[string]bool{},
		started: map[string]bool{}, ran: map[string]bool{}, loops: map[int]*loop{}, branches: map[int]*branch{},
	}
	m.put("/etc/os-release", osRelease(s.OS, s.OSVersion))
	for _, f := range s.Files {
		m.put(f.Path, script.Clean(f.Content))
	}
	return m
}

// put writes a file before the machine starts.
func (m *machine) put(name, content string) {
	if err := m.files.Write(memory.Path("/", name), content); err != nil {
		m.gap(name, err.Error())
	}
}

// Keys of what contexts have: how many scripts run each other, and the name of this one.
type (
	depthKey struct{}
	nameKey  struct{}
)

// nameOf is the name of the script that runs.
func nameOf(ctx context.Context) string {
	name, _ := ctx.Value(nameKey{}).(string)
	return name
}

// script runs a text as a script of a name, with its arguments and the environment of who
// calls it.
func (m *machine) script(ctx context.Context, name, text string, args []string, opts ...interp.RunnerOption) error {
	depth, _ := ctx.Value(depthKey{}).(int)
	m.mu.Lock()
	m.scripts++
	tooMany := m.scripts > maxScripts || depth >= maxDepth
	m.mu.Unlock()
	if tooMany {
		m.gap(name, fmt.Sprintf("not traced: more than %d scripts run, or more than %d run each other", maxScripts, maxDepth))
		return nil
	}
	program, err := m.parse(name, text)
	if err != nil {
		m.gap(name, "no shell script that can be read: "+err.Error())
		return nil //nolint:nilerr // it is a gap, and the trace goes on
	}
	opts = append([]interp.RunnerOption{
		interp.Env(expand.ListEnviron("HOME=/root", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "UID=0", "EUID=0", "GID=0")),
		interp.Dir("/"), interp.StdIO(nil, io.Discard, io.Discard),
	}, opts...)
	opts = append(opts,
		interp.Params(append([]string{"--"}, args...)...), interp.CallHandler(m.call),
		interp.ExecHandlers(func(interp.ExecHandlerFunc) interp.ExecHandlerFunc { return m.exec }),
		interp.OpenHandler(m.open), interp.StatHandler(m.stat), interp.AccessHandler(m.access), interp.ReadDirHandler2(m.readDir),
	)
	runner, err := interp.New(opts...)
	if err != nil {
		m.gap(name, err.Error())
		return nil
	}
	ctx = context.WithValue(context.WithValue(ctx, depthKey{}, depth+1), nameKey{}, name)
	return m.ended(name, runner.Run(ctx, program))
}

// ended says how a script ended: with a status, which it may have for its caller, or not
// at its end, which leaves a gap.
func (m *machine) ended(name string, err error) error {
	var status interp.ExitStatus
	var tooMuch *tooMuchError
	var full *memory.FullError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &status):
		return status
	}
	m.mu.Lock()
	m.found.Cut = true
	m.mu.Unlock()
	switch {
	case errors.As(err, &tooMuch), errors.As(err, &full):
		m.gap(name, "not traced completely: "+err.Error())
		return err
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		m.gap(name, fmt.Sprintf("not traced completely within %s", maxTime))
		return err
	}
	m.gap(name, "not traced completely: "+err.Error())
	return nil
}

// gap notes something that could not be traced.
func (m *machine) gap(where, text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.found.Gaps) < maxFound {
		m.found.Gaps = append(m.found.Gaps, Gap{script.Readable(where), script.Readable(bounded.Text(script.Masked(text), maxGap))})
	}
}

// unknown notes an answer that only a node has: a branch that depends on it is open.
func (m *machine) unknown() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.unknowns++
}

// isScript tells whether a file is a shell script, by its first line.
func isScript(content string) bool {
	first, _, _ := strings.Cut(content, "\n")
	if !strings.HasPrefix(first, "#!") {
		return false
	}
	fields := strings.Fields(strings.TrimPrefix(first, "#!"))
	for _, f := range fields {
		switch f[strings.LastIndex(f, "/")+1:] {
		case "sh", "bash", "dash", "ash", "ksh":
			return true
		}
	}
	return false
}
