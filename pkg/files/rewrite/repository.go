package rewrite

import (
	"fmt"
	"regexp"
	"strings"
)

// repositoryDir is where yum and dnf have the files of their repositories.
const repositoryDir = "/etc/yum.repos.d/"

// inlineRepositories replaces commands that fetch a .repo file of PackagesHost with commands
// that write this file: the one of the host names the host again as the source of packages.
func inlineRepositories(text, packages string) string {
	return fetchPattern().ReplaceAllStringFunc(text, func(command string) string {
		found, ok := parseFetch(command)
		if !ok {
			return command
		}
		return writeRepository(packages, found)
	})
}

// fetchedRepository is a .repo file of PackagesHost that a command fetches.
type fetchedRepository struct {
	sudo   bool
	system string // "rhel", the part of the path of the host
	file   string // "/etc/yum.repos.d/docker-ce.repo"
}

// fetchPattern matches commands that may fetch a .repo file of PackagesHost.
func fetchPattern() *regexp.Regexp {
	return regexp.MustCompile(`(?:\bsudo +)?\b(?:yum-config-manager|(?:yum|dnf) +config-manager|curl|wget) [^\n|;&<>()]*` +
		`https?://` + regexp.QuoteMeta(PackagesHost) + `/linux/[a-z]+/docker-ce\.repo[^\n|;&<>()]*[^\n|;&<>() ]?`)
}

// parseFetch reads a command. ok is false if the file is not written to the directory of
// repositories.
func parseFetch(command string) (fetchedRepository, bool) {
	f := fetchedRepository{sudo: strings.HasPrefix(command, "sudo ")}
	f.system = regexp.MustCompile(`/linux/([a-z]+)/docker-ce\.repo`).FindStringSubmatch(command)[1]
	if regexp.MustCompile(`config-manager +(addrepo +)?--(add-repo|from-repofile)[= ]`).MatchString(command) {
		f.file = repositoryDir + "docker-ce.repo"
		return f, true
	}
	for _, word := range strings.Fields(command) {
		if word = strings.Trim(word, `"'`); strings.HasPrefix(word, repositoryDir) && strings.HasSuffix(word, ".repo") {
			f.file = word
		}
	}
	return f, regexp.MustCompile(`^` + repositoryDir + `[A-Za-z0-9_-]+\.repo$`).MatchString(f.file)
}

// writeRepository returns the command that writes the file.
func writeRepository(packages string, f fetchedRepository) string {
	sudo := ""
	if f.sudo {
		sudo = "sudo "
	}
	var lines []string
	for _, line := range repositoryLines(packages, f.system) {
		lines = append(lines, "'"+line+"'")
	}
	return fmt.Sprintf(`printf '%%s\n' %s | %stee %s >/dev/null`, strings.Join(lines, " "), sudo, f.file)
}

// repositoryLines are the lines of the file for a mirror: those of the host for its stable
// packages (https://download.docker.com/linux/rhel/docker-ce.repo).
func repositoryLines(packages, system string) []string {
	return []string{
		"[docker-ce-stable]",
		"name=Docker CE Stable",
		"baseurl=" + packages + "/linux/" + system + "/$releasever/$basearch/stable",
		"enabled=1",
		"gpgcheck=1",
		"gpgkey=" + packages + "/linux/" + system + "/gpg",
	}
}
