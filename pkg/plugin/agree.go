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
)

// agree asks on a terminal to confirm a change, unless yes is set.
func agree(ctx context.Context, streams genericiooptions.IOStreams, yes bool, question string) error {
	input, ok := streams.In.(*os.File)
	if yes || !ok || !term.IsTerminal(int(input.Fd())) {
		return nil
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
