package trace

import (
	"path"
	"strconv"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace/script"
)

// model returns what a command does, nil if that is not known.
func model(name string) func(*command) error {
	switch name {
	case "curl":
		return curl
	case "wget":
		return wget
	case "apt", "apt-get", "aptitude", "yum", "dnf", "microdnf", "tdnf", "zypper", "apk":
		return packages
	case "rpm":
		return rpm
	case "yum-config-manager":
		return repository
	case "add-apt-repository", "apt-add-repository":
		return addAptRepository
	case "apt-key":
		return aptKey
	case "systemctl", "service":
		return systemctl
	case "bash", "sh", "dash", "ash":
		return shell
	}
	if script.Running(name) {
		return runner(name)
	}
	if script.Fetching(name) {
		return others
	}
	if do := facts(name); do != nil {
		return do
	}
	return filing(name)
}

// facts are commands that tell about the machine.
func facts(name string) func(*command) error {
	switch name {
	case "uname":
		return func(c *command) error {
			if len(c.args) == 1 && (c.args[0] == "-m" || c.args[0] == "-p" || c.args[0] == "-i") {
				return c.print(c.machineName() + "\n")
			}
			if len(c.args) == 0 || c.args[0] == "-s" {
				return c.print("Linux\n")
			}
			c.unknown()
			return c.print(script.Value("uname") + "\n")
		}
	case "arch":
		return func(c *command) error { return c.print(c.machineName() + "\n") }
	case "dpkg":
		return func(c *command) error {
			if len(c.args) == 1 && c.args[0] == "--print-architecture" {
				return c.print(c.system.Architecture + "\n")
			}
			return nil
		}
	case "lsb_release":
		return lsbRelease
	case "whoami":
		return func(c *command) error { return c.print("root\n") }
	case "sleep":
		return func(c *command) error {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.sleeps++
			return nil
		}
	}
	return nil
}

// machineName is what "uname -m" prints.
func (m *machine) machineName() string {
	if m.system.Architecture == "arm64" {
		return "aarch64"
	}
	return "x86_64"
}

// lsbRelease is lsb_release.
func lsbRelease(c *command) error {
	id, _, codename := identity(c.system.OS, c.system.OSVersion)
	o := parse(c.args, "")
	answer := script.Value("lsb_release")
	switch {
	case o.has("-i", "--id") && id != "":
		answer = id
	case o.has("-c", "--codename") && codename != "":
		answer = codename
	case o.has("-r", "--release") && c.system.OSVersion != "":
		answer = c.system.OSVersion
	default:
		c.unknown()
	}
	return c.print(answer + "\n")
}

// identity is how an operating system calls itself: to lsb_release, in os-release, and its
// version by name.
func identity(system, version string) (lsb, id, codename string) {
	switch system {
	case "ubuntu":
		return "Ubuntu", "ubuntu", map[string]string{"20.04": "focal", "22.04": "jammy", "24.04": "noble"}[version]
	case "rhel":
		return "RedHatEnterprise", "rhel", ""
	case "rockylinux":
		return "Rocky", "rocky", ""
	case "amzn2":
		return "Amazon", "amzn", ""
	case "flatcar":
		return "Flatcar", "flatcar", ""
	}
	return "", "", ""
}

// osRelease is /etc/os-release.
func osRelease(system, version string) string {
	_, id, codename := identity(system, version)
	if id == "" {
		return script.Value("/etc/os-release") + "\n"
	}
	text := "ID=" + id + "\nVERSION_ID=\"" + script.Clean(version) + "\"\n"
	if codename != "" {
		text += "VERSION_CODENAME=" + codename + "\nUBUNTU_CODENAME=" + codename + "\n"
	}
	return text
}

// runner is a command that runs another, which its arguments name.
func runner(name string) func(*command) error {
	return func(c *command) error {
		rest := inner(name, c.args)
		if name == "env" {
			for len(rest) > 0 && strings.Contains(rest[0], "=") {
				rest = rest[1:]
			}
		}
		if name == "xargs" {
			text, err := c.input()
			if err != nil {
				return err
			}
			rest = append(rest, strings.Fields(text)...)
		}
		if len(rest) == 0 {
			return nil
		}
		if rest[0] == "echo" {
			return c.print(strings.Join(rest[1:], " ") + "\n")
		}
		return c.run(rest)
	}
}

// inner are the arguments from the command on that is run.
func inner(name string, args []string) []string {
	valued := map[string]string{"sudo": "ugpChrtUD", "timeout": "ks", "nice": "n", "ionice": "cnp", "env": "uCS", "stdbuf": "ioe", "xargs": "IiLnPsdE", "flock": "wE"}[name]
	for len(args) > 0 && strings.HasPrefix(args[0], "-") && args[0] != "-" {
		o := options{values: map[string][]string{}}
		takes := !strings.HasPrefix(args[0], "--") && o.letters(args[0][1:], valued, "")
		done := args[0] == "--"
		if args = args[1:]; done {
			break
		}
		if takes && len(args) > 0 {
			args = args[1:]
		}
	}
	if (name == "timeout" || name == "flock" || name == "chroot") && len(args) > 0 {
		args = args[1:] // how long, which lock, where
	}
	for name == "sudo" && len(args) > 0 && strings.Contains(args[0], "=") {
		args = args[1:]
	}
	return args
}

// shell is bash, and the like.
func shell(c *command) error {
	args := c.args
	for len(args) > 0 && len(args[0]) > 1 && (args[0][0] == '-' || args[0][0] == '+') {
		flag := args[0]
		args = args[1:]
		switch {
		case strings.HasPrefix(flag, "--"):
		case strings.Contains(flag, "c") && len(args) > 0:
			return c.text(args[0], args[min(2, len(args)):])
		case strings.HasSuffix(flag, "o") && len(args) > 0:
			args = args[1:]
		case strings.Contains(flag, "s"):
			args = append([]string{"-"}, args...)
		}
	}
	if len(args) > 0 && args[0] != "-" && args[0] != "/dev/stdin" {
		name := c.path(args[0])
		content := c.read(name)
		if _, ok := c.files.Read(name); !ok {
			return nil
		}
		if c.isFetched(content) {
			return nil
		}
		return c.file(name, content, args[1:])
	}
	text, err := c.input()
	if err != nil {
		return err
	}
	return c.text(text, args[min(1, len(args)):])
}

// isFetched notes a gap for a script that was downloaded.
func (c *command) isFetched(content string) bool {
	_, fetched := downloaded(content)
	return fetched && c.isRun(c.at, "runs", content)
}

// text runs a text that is an argument or an input.
func (c *command) text(text string, args []string) error {
	if c.isFetched(text) {
		return nil
	}
	return c.script(c.ctx, c.at, text, args, c.inherited()...)
}

// seq is seq, of what is known and not too much.
func seq(c *command) error {
	o := parse(c.args, "sf", "--separator", "--format")
	numbers := []int{1, 1, 1}
	for i, text := range o.rest {
		n, err := strconv.Atoi(text)
		if err != nil || len(o.rest) > 3 {
			c.unknown()
			return c.print(script.Value("seq") + "\n")
		}
		switch {
		case i == len(o.rest)-1:
			numbers[2] = n
		case i == 0:
			numbers[0] = n
		default:
			numbers[1] = n
		}
	}
	var lines strings.Builder
	for i, rounds := numbers[0], 0; numbers[1] > 0 && i <= numbers[2] && rounds <= maxRounds; i, rounds = i+numbers[1], rounds+1 {
		lines.WriteString(strconv.Itoa(i) + "\n")
	}
	return c.print(lines.String())
}

// names is basename and dirname.
func names(of func(string) string) func(*command) error {
	return func(c *command) error {
		if len(c.args) == 0 {
			return failed()
		}
		name := of(c.args[0])
		if c.name == "basename" && len(c.args) > 1 {
			name = strings.TrimSuffix(path.Base(c.args[0]), c.args[1])
		}
		return c.print(name + "\n")
	}
}
