package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// exitBeyond is the exit code of within for a command that went beyond its bounds.
const exitBeyond = 125

// within runs a command in bounds of time and memory, and returns its exit code, or
// exitBeyond: within SECONDS MIB COMMAND [ARG...].
func within(args []string) int {
	if len(args) < 3 {
		return beyond("usage: within SECONDS MIB COMMAND [ARG...]")
	}
	seconds, err := strconv.Atoi(args[0])
	mib, err2 := strconv.ParseInt(args[1], 10, 64)
	if err := errors.Join(err, err2); err != nil {
		return beyond(err.Error())
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(seconds)*time.Second)
	defer cancel()
	name, measured := program(args[2])
	cmd := exec.CommandContext(ctx, name, args[3:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return beyond(fmt.Sprintf("it was not done after %d s", seconds))
	case err != nil && !errors.As(err, &exit):
		return beyond(err.Error())
	}
	if peak := peakBytes(cmd.ProcessState) >> 20; measured && peak > mib {
		return beyond(fmt.Sprintf("it had %d MiB, and may have %d", peak, mib))
	}
	return cmd.ProcessState.ExitCode()
}

func beyond(reason string) int {
	fmt.Fprintln(os.Stderr, "within:", reason)
	return exitBeyond
}

// program is what to run for the name of a command, and whether its memory counts. The race
// detector takes several times as much as the plugin has for itself: the plugin that was
// built is run in place of one with the detector.
func program(name string) (path string, measured bool) {
	info, ok := debug.ReadBuildInfo()
	detector := ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
	if name != "kubectl-kkp_mirror" || !detector {
		return name, true
	}
	bin := os.Getenv("KKP_MIRROR_BIN")
	built := filepath.Join(bin, name)
	if _, err := os.Stat(built); bin == "" || err != nil {
		return name, false
	}
	return built, true
}

// peakBytes is the most memory that a process, or one that it has waited for, ever had.
func peakBytes(state *os.ProcessState) int64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	switch {
	case !ok:
		return 0
	case runtime.GOOS == "darwin":
		return usage.Maxrss
	default:
		return usage.Maxrss << 10
	}
}
