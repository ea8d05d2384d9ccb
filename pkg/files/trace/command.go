package trace

import (
	"context"
	"errors"
	"io"
	"path"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace/memory"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace/script"
)

// command is a command that is called.
type command struct {
	*machine
	ctx  context.Context //nolint:containedctx // of this call only
	hc   interp.HandlerContext
	name string   // without its directory
	full string   // as it is called
	args []string // after the name
	at   string   // where it is called
}

// asTooMuch is errors.As for one type.
func asTooMuch(err error, target **tooMuchError) bool { return errors.As(err, target) }

// exec answers a call of a command that is neither a function nor a builtin.
func (m *machine) exec(ctx context.Context, args []string) error {
	c := &command{machine: m, ctx: ctx, hc: interp.HandlerCtx(ctx), at: m.place(ctx)}
	return c.run(args)
}

// run runs a command by its model, or as a script that is in memory. Of any other, nothing
// is known: it succeeds, and what it prints is unknown.
func (c *command) run(args []string) error {
	if len(args) == 0 {
		return nil
	}
	c.full, c.name, c.args = args[0], args[0][strings.LastIndex(args[0], "/")+1:], args[1:]
	if !script.IsKnown(c.full) {
		c.isRun(c.at, "runs", c.full)
		return nil
	}
	if name, content, ok := c.find(); ok {
		return c.file(name, content, c.args)
	}
	if script.Fetches(c.name, c.args) {
		c.markFetching()
	}
	if do := model(c.name); do != nil {
		return do(c)
	}
	c.unknown()
	return c.print(script.Value(c.name) + "\n")
}

// markFetching notes that the call downloads, whatever its first words are.
func (m *machine) markFetching() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fetched[m.last] = true
}

// find returns the script that is called, if it is in memory.
func (c *command) find() (name, content string, ok bool) {
	names := []string{memory.Path(c.hc.Dir, c.full)}
	if !strings.Contains(c.full, "/") {
		names = nil
		for _, dir := range strings.Split(c.hc.Env.Get("PATH").String(), ":") {
			names = append(names, memory.Path(dir, c.full))
		}
	}
	for _, name := range names {
		if content, ok := c.files.Read(name); ok && (isScript(content) || looksLikeScript(name, content)) {
			c.read(name)
			return name, content, true
		}
	}
	return "", "", false
}

// looksLikeScript tells whether a file that was downloaded is a script, by its name.
func looksLikeScript(name, content string) bool {
	_, fetched := downloaded(content)
	return fetched && (strings.HasSuffix(name, ".sh") || strings.HasSuffix(name, ".bash"))
}

// file runs a file as a script.
func (c *command) file(name, content string, args []string) error {
	c.mu.Lock()
	c.ran[name] = true
	c.mu.Unlock()
	if !isScript(content) || !script.IsKnown(content) {
		if _, fetched := downloaded(content); fetched && c.isRun(c.at, "runs", content) {
			return nil
		}
	}
	return c.script(c.ctx, name, content, args, c.inherited()...)
}

// inherited are the streams and the environment that a script gets from its caller.
func (c *command) inherited() []interp.RunnerOption {
	var env []string
	for name, v := range c.hc.Env.Each {
		if v.Exported && v.Kind == expand.String && !strings.HasPrefix(name, "KKP_MIRROR_") {
			env = append(env, name+"="+v.Str)
		}
	}
	return []interp.RunnerOption{interp.Env(expand.ListEnviron(env...)), interp.StdIO(c.hc.Stdin, c.hc.Stdout, c.hc.Stderr)}
}

// print writes to the standard output.
func (c *command) print(text string) error {
	_, err := io.WriteString(c.hc.Stdout, text)
	var full *memory.FullError
	if errors.As(err, &full) {
		return err
	}
	return nil // nobody reads it
}

// input is the standard input.
func (c *command) input() (string, error) {
	if c.hc.Stdin == nil {
		return "", nil
	}
	text, err := io.ReadAll(io.LimitReader(c.hc.Stdin, maxText+1))
	if len(text) > maxText {
		return "", &tooMuchError{"a command reads more than 1 MiB"}
	}
	if err != nil {
		return "", nil //nolint:nilerr // a pipe that is closed has ended
	}
	return string(text), nil
}

// path makes a name of a file absolute.
func (c *command) path(name string) string { return memory.Path(c.hc.Dir, name) }

// contents are the named files, one after the other, or the standard input.
func (c *command) contents(names []string) (string, error) {
	if len(names) == 0 {
		return c.input()
	}
	var all strings.Builder
	for _, name := range names {
		text := ""
		if name == "-" {
			var err error
			if text, err = c.input(); err != nil {
				return "", err
			}
		} else {
			text = c.read(c.path(name))
		}
		if all.Len()+len(text) > maxText {
			return "", &tooMuchError{"a command reads more than 1 MiB"}
		}
		all.WriteString(text)
	}
	return all.String(), nil
}

// into is the file that a name means as a target: in it, if it is a directory.
func (c *command) into(target, source string) string {
	target = c.path(target)
	if c.files.IsDir(target) || strings.HasSuffix(target, "/") {
		return memory.Path(target, path.Base(source))
	}
	return target
}

// failed is the status of a command that fails.
func failed() error { return interp.ExitStatus(1) }
