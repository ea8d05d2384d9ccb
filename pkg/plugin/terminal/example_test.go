package terminal_test

import (
	"fmt"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/terminal"
)

// The message of a registry would clear the screen.
func ExampleNew() {
	var screen strings.Builder
	out := terminal.New(&screen)
	fmt.Fprintln(out, "registry.example.com answers: denied\x1b[2J")
	fmt.Print(screen.String())
	// Output: registry.example.com answers: denied\u001b[2J
}
