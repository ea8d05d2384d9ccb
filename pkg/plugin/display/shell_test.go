package display

import (
	"os/exec"
	"testing"
)

// TestShellCommand lets a shell read commands.
func TestShellCommand(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("there is no sh here")
	}
	for _, arg := range []string{"dex", "", "a b", "$(id)", "`id`", "it's", "a\nb", `"x"`, "*", "~", "<chart dex 2.31.0>", "-f", "a;id", `\`} {
		command := ShellCommand("printf", "%s", arg)
		if out, err := exec.Command("sh", "-c", command).Output(); err != nil || string(out) != arg {
			t.Errorf("%q became %s, which a shell reads as %q (%v)", arg, command, out, err)
		}
	}
	if got := ShellCommand("helm", "rollback", "dex", "2", "--namespace", "dex"); got != "helm rollback dex 2 --namespace dex" {
		t.Errorf("got %s", got)
	}
}
