package script

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// fetches tells whether a call downloads, by its first words: a program that does, alone
// or behind those that run another.
func fetches(args []*syntax.Word) bool {
	for i, a := range args[:min(len(args), 8)] {
		name := a.Lit()
		if Fetching(name) {
			var rest []string
			for _, word := range args[i+1:] {
				rest = append(rest, word.Lit())
			}
			return Fetches(name, rest)
		}
		if !Running(name) && !strings.HasPrefix(name, "-") && !strings.Contains(name, "=") && strings.Trim(name, "0123456789smh") != "" {
			return false
		}
	}
	return false
}

// verbs are the first arguments with which a program downloads; nil if it always does.
func verbs(program string) (words []string, known bool) {
	switch program {
	case "curl", "wget", "aria2c", "yum-config-manager", "add-apt-repository", "apt-add-repository", "rsync", "scp":
		return nil, true
	case "apt", "apt-get", "aptitude", "yum", "dnf", "microdnf", "tdnf", "zypper", "apk":
		return []string{"install", "reinstall", "localinstall", "groupinstall", "in", "add", "build-dep", "config-manager", "addrepo", "ar"}, true
	case "git":
		return []string{"clone", "fetch", "pull", "submodule", "ls-remote"}, true
	case "docker", "podman", "nerdctl", "ctr", "crictl":
		return []string{"pull", "run", "login"}, true
	case "pip", "pip3", "npm", "gem", "snap", "flatpak", "cargo", "go":
		return []string{"install", "download", "ci", "refresh", "get"}, true
	}
	return nil, false
}

// base is a name without its directory.
func base(name string) string { return name[strings.LastIndex(name, "/")+1:] }

// Fetching tells whether a program is one that downloads.
func Fetching(name string) bool {
	_, known := verbs(base(name))
	return known
}

// Fetches tells whether a program downloads, with these arguments.
func Fetches(name string, args []string) bool {
	words, known := verbs(base(name))
	return known && (words == nil || slices.ContainsFunc(args, func(a string) bool { return slices.Contains(words, a) }))
}

// Running tells whether a program runs the one that its arguments name.
func Running(name string) bool {
	return slices.Contains([]string{
		"sudo", "env", "timeout", "nohup", "nice", "ionice", "setsid", "stdbuf", "command", "exec", "builtin", "flock", "time", "xargs", "chroot", "doas", "busybox",
	}, base(name))
}
