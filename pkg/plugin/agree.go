package plugin

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// agree asks on a terminal to confirm a change, unless yes is set. Without a terminal and
// without yes, the change is refused.
func agree(ctx context.Context, streams genericiooptions.IOStreams, yes bool, question string) error {
	input, ok := streams.In.(*os.File)
	switch {
	case yes:
		return nil
	case !ok || !term.IsTerminal(int(input.Fd())):
		return option.Usagef("no terminal to ask for confirmation (%s); nothing was changed. Confirm with -y", question)
	}
	fmt.Fprintf(streams.ErrOut, "%s [y/N] ", question)
	answer := make(chan string, 1)
	go func() {
		line, err := bufio.NewReader(input).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			line = ""
		}
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case line := <-answer:
		if line == "y" || line == "yes" {
			return nil
		}
		return errors.New("cancelled; nothing was changed")
	}
}
