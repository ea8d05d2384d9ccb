package trace

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace/script"
)

// systemctl is systemctl, and service: what it starts is traced.
func systemctl(c *command) error {
	o := parse(c.args, "HMtpsn", "--host", "--machine", "--type", "--property", "--state", "--kill-who", "--signal", "--lines")
	if len(o.rest) == 0 {
		return nil
	}
	verb, units := o.rest[0], o.rest[1:]
	if c.name == "service" && len(o.rest) > 1 {
		verb, units = o.rest[1], o.rest[:1]
	}
	switch verb {
	case "start", "restart", "reload-or-restart", "try-restart", "isolate":
	case "enable", "reenable":
		if !o.has("--now") {
			return nil
		}
	case "daemon-reload", "disable", "mask", "unmask", "stop", "kill", "preset", "reset-failed", "set-default":
		return nil
	default: // is-active, status, show, cat
		c.unknown()
		return c.print(script.Value("systemctl") + "\n")
	}
	for _, unit := range units {
		c.start(c.ctx, unit)
	}
	return nil
}

// unitDirs are where files of units are.
func unitDirs() []string {
	return []string{"/etc/systemd/system/", "/run/systemd/system/", "/usr/local/lib/systemd/system/", "/usr/lib/systemd/system/", "/lib/systemd/system/"}
}

// start starts a unit, once. One that only the system has does nothing that is known.
func (m *machine) start(ctx context.Context, name string) {
	if !strings.Contains(name, ".") {
		name += ".service"
	}
	m.mu.Lock()
	again := m.started[name]
	m.started[name] = true
	m.mu.Unlock()
	if again {
		return
	}
	text := m.unit(name)
	if text == "" {
		return
	}
	_ = m.script(ctx, name, commands(text), nil) // how it ends is for nobody
}

// unit returns the text of a unit with its drop-ins.
func (m *machine) unit(name string) string {
	var texts []string
	for _, u := range m.system.Units {
		if u.Name == name {
			texts = append(texts, u.Content)
		}
	}
	for _, dir := range unitDirs() {
		if content, ok := m.files.Read(dir + name); ok {
			texts = append(texts, content)
			m.mu.Lock()
			m.looked[dir+name] = true
			m.mu.Unlock()
		}
	}
	for _, file := range m.files.Names() {
		if path.Base(path.Dir(file)) == name+".d" && path.Ext(file) == ".conf" {
			content, _ := m.files.Read(file)
			texts = append(texts, content)
			m.mu.Lock()
			m.looked[file] = true
			m.mu.Unlock()
		}
	}
	return strings.Join(texts, "\n")
}

// startEnabled starts the units that the machine starts by itself.
func (m *machine) startEnabled(ctx context.Context) {
	for _, u := range m.system.Units {
		if u.Enabled {
			m.start(ctx, u.Name)
		}
	}
}

// startRest starts the services that nothing has started: whatever starts them on a node,
// they are there for it.
func (m *machine) startRest(ctx context.Context) {
	for _, u := range m.system.Units {
		m.start(ctx, u.Name)
	}
	for _, dir := range unitDirs() {
		for _, file := range m.files.Names() {
			if path.Dir(file)+"/" == dir && path.Ext(file) == ".service" {
				m.start(ctx, path.Base(file))
			}
		}
	}
}

// readRest reads the scripts that nothing ran: their calls are known then.
func (m *machine) readRest() {
	for _, name := range m.files.Names() {
		content, _ := m.files.Read(name)
		if m.ran[name] || !isScript(content) || !script.IsKnown(content) {
			continue
		}
		m.looked[name] = true
		if _, err := m.parse(name, content); err != nil {
			m.gap(name, "no shell script that can be read: "+err.Error())
		}
	}
}

// commands makes of a unit a script that runs its commands, in the order in which they are
// written, each on the line that it has in the unit.
func commands(text string) string {
	var lines []string
	for _, line := range joined(text) {
		key, value, _ := strings.Cut(line, "=")
		value = strings.TrimSpace(value)
		switch key = strings.TrimSpace(key); {
		case key == "Environment":
			line = "export " + strings.Join(quoted(value), " ")
		case slices.Contains([]string{"ExecStartPre", "ExecStart", "ExecStartPost", "ExecCondition"}, key) && strings.TrimLeft(value, "-@:+!") != "":
			line = strings.Join(quoted(strings.TrimLeft(value, "-@:+!")), " ")
		default:
			line = ""
		}
		if line == "export " {
			line = ""
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// joined are the lines of a unit; one that goes on in the next is one, followed by empty
// ones.
func joined(text string) []string {
	var lines []string
	open := -1
	for line := range strings.SplitSeq(text, "\n") {
		body, more := strings.CutSuffix(strings.TrimRight(line, " \t\r"), `\`)
		if open >= 0 {
			lines[open] += " " + strings.TrimSpace(body)
			lines = append(lines, "")
		} else {
			lines = append(lines, strings.TrimSpace(body))
			open = len(lines) - 1
		}
		if !more {
			open = -1
		}
	}
	return lines
}

// quoted are the words of a command line of systemd, quoted for a shell. Variables are
// filled in by both.
func quoted(line string) []string {
	var words []string
	var word strings.Builder
	quote, inWord := rune(0), false
	flush := func() {
		if inWord {
			words = append(words, `"`+strings.NewReplacer("`", "\\`", `"`, `\"`, "$(", `\$(`, "$$", `\$`).Replace(word.String())+`"`)
		}
		word.Reset()
		inWord = false
	}
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote, inWord = r, true
		case quote == 0 && (r == ' ' || r == '\t'):
			flush()
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	flush()
	return words
}
