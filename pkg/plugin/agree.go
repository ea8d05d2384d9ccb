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
	input := terminalInput(streams.In)
	switch {
	case yes:
		return nil
	case input == nil:
		return option.Usagef("no terminal to ask for confirmation (%s); nothing was changed. Confirm with -y", question)
	}
	switch answer, err := ask(ctx, streams, input, question+" [y/N]"); {
	case err != nil:
		return err
	case answer == "y" || answer == "yes":
		return nil
	default:
		return errors.New("cancelled; nothing was changed")
	}
}

// ask asks a question on a terminal, and returns the answer in lower case.
func ask(ctx context.Context, streams genericiooptions.IOStreams, input io.Reader, question string) (string, error) {
	fmt.Fprintf(streams.ErrOut, "%s ", question)
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
		return "", ctx.Err()
	case line := <-answer:
		return line, nil
	}
}

// terminalInput returns the input if it is a terminal, and otherwise nil.
func terminalInput(in io.Reader) *os.File {
	input, ok := in.(*os.File)
	if !ok || !term.IsTerminal(int(input.Fd())) {
		return nil
	}
	return input
}
