package display

import (
	"regexp"
	"strings"
)

// ShellCommand quotes a command for a POSIX shell: the shell expands no argument, and splits none.
func ShellCommand(args ...string) string {
	plain := regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)
	quoted := make([]string, 0, len(args))
	for _, arg := range args {
		if !plain.MatchString(arg) {
			arg = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
		quoted = append(quoted, arg)
	}
	return strings.Join(quoted, " ")
}
