package trace

import (
	"path"
	"strconv"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace/memory"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace/script"
)

// filing are commands that move texts and files around.
func filing(name string) func(*command) error {
	switch name {
	case "cat":
		return cat
	case "tee":
		return tee
	case "tr":
		return tr
	case "cp", "mv", "install":
		return move
	case "ln":
		return link
	case "rm":
		return remove
	case "mkdir":
		return mkdir
	case "touch":
		return touch
	case "mktemp":
		return temporary
	case "seq":
		return seq
	case "basename":
		return names(path.Base)
	case "dirname":
		return names(path.Dir)
	case script.Store:
		return store
	case "chmod", "chown", "chgrp", "sync", "sysctl", "modprobe", "swapoff", "update-ca-certificates", "update-ca-trust", "apt-mark", "restorecon", "setenforce",
		"hostnamectl", "sed", "ldconfig", "udevadm", "reboot", "useradd", "usermod", "groupadd", "tar", "unzip", "gunzip":
		return nothing
	}
	return nil
}

// nothing is what commands do that neither print nor download, and whose success decides
// about nothing.
func nothing(c *command) error {
	if c.name == "sed" && !strings.Contains(strings.Join(c.args, " "), "-i") || c.name == "sysctl" || c.name == "tar" {
		return c.print(script.Value(c.name) + "\n")
	}
	return nil
}

func cat(c *command) error {
	text, err := c.contents(parse(c.args, "").rest)
	if err != nil {
		return err
	}
	return c.print(text)
}

func tee(c *command) error {
	text, err := c.input()
	if err != nil {
		return err
	}
	o := parse(c.args, "")
	for _, name := range o.rest {
		before := ""
		if o.has("-a", "--append") {
			before, _ = c.files.Read(c.path(name))
		}
		if err := c.files.Write(c.path(name), before+text); err != nil {
			return err
		}
	}
	return c.print(text)
}

// tr is tr, for letters of other case and for what is deleted.
func tr(c *command) error {
	text, err := c.input()
	if err != nil {
		return err
	}
	args := strings.Join(c.args, " ")
	switch args {
	case "[:upper:] [:lower:]", "A-Z a-z", "[A-Z] [a-z]":
		return c.print(strings.ToLower(text))
	case "[:lower:] [:upper:]", "a-z A-Z", "[a-z] [A-Z]":
		return c.print(strings.ToUpper(text))
	}
	if len(c.args) == 2 && c.args[0] == "-d" && !strings.ContainsAny(c.args[1], "[-") {
		deleted := strings.NewReplacer(`\n`, "\n", `\r`, "\r").Replace(c.args[1])
		return c.print(strings.Map(func(r rune) rune {
			if strings.ContainsRune(deleted, r) {
				return -1
			}
			return r
		}, text))
	}
	c.unknown()
	return c.print(script.Value("tr") + "\n")
}

// move is cp, mv and install.
func move(c *command) error {
	o := parse(c.args, "tmogS", "--target-directory", "--mode", "--owner", "--group", "--suffix")
	sources, target := o.rest, o.get("-t", "--target-directory")
	if c.name == "install" && o.has("-d") {
		return mkdir(c)
	}
	if target == "" {
		if len(sources) < 2 {
			return nil
		}
		sources, target = sources[:len(sources)-1], sources[len(sources)-1]
	}
	for _, source := range sources {
		from := c.path(source)
		content := strings.TrimSuffix(c.read(from), "\n") + "\n"
		if c.name == "mv" {
			c.files.Remove(from)
		}
		if err := c.files.Write(c.into(target, source), content); err != nil {
			return err
		}
	}
	return nil
}

func link(c *command) error {
	o := parse(c.args, "tS", "--target-directory")
	if len(o.rest) >= 2 {
		target := o.rest[0]
		if !o.has("-s", "--symbolic") {
			target = c.path(target)
		}
		c.files.Link(c.into(o.rest[1], target), target)
	}
	return nil
}

func remove(c *command) error {
	for _, name := range parse(c.args, "").rest {
		c.files.Remove(c.path(name))
	}
	return nil
}

func mkdir(c *command) error {
	for _, name := range parse(c.args, "mogt", "--mode", "--owner", "--group").rest {
		c.files.Mkdir(c.path(name))
	}
	return nil
}

func touch(c *command) error {
	for _, name := range parse(c.args, "drt", "--date", "--reference").rest {
		if _, ok := c.files.Read(c.path(name)); !ok {
			if err := c.files.Write(c.path(name), ""); err != nil {
				return err
			}
		}
	}
	return nil
}

// fresh is the name of a file that is not there yet.
func (c *command) fresh() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stored++
	return "/tmp/file." + strconv.Itoa(c.stored)
}

func temporary(c *command) error {
	name := c.fresh()
	if parse(c.args, "pt", "--tmpdir", "--suffix").has("-d", "--directory") {
		c.files.Mkdir(name)
	} else if err := c.files.Write(name, ""); err != nil {
		return err
	}
	return c.print(name + "\n")
}

// store keeps its input in a file, and prints its name.
func store(c *command) error {
	text, err := c.input()
	if err != nil {
		return err
	}
	name := memory.Path("/", c.fresh())
	if err := c.files.Write(name, text); err != nil {
		return err
	}
	return c.print(name + "\n")
}
