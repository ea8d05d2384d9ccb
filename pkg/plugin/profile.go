package plugin

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"

	"github.com/spf13/pflag"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// The files of profiles. They have names of functions and numbers, and no data of the program.
const (
	cpuProfile    = "cpu.pprof"
	memoryProfile = "memory.pprof"
)

// profile writes CPU and memory profiles of a command to a directory, for reports of problems with
// speed or memory.
type profile struct {
	dir string // "": nothing is written
	cpu *os.File
}

// addTo adds the hidden flag for the directory.
func (p *profile) addTo(flags *pflag.FlagSet) {
	const name = "profile"
	flags.StringVar(&p.dir, name, "", "Write CPU and memory profiles (pprof) to this directory")
	flags.Lookup(name).Hidden = true
}

// start starts the CPU profile. A directory that cannot be written to is a usage error.
func (p *profile) start() error {
	if p.dir == "" {
		return nil
	}
	if info, err := os.Stat(p.dir); err != nil || !info.IsDir() {
		return option.Usagef("--profile: %q is not a directory; create the directory first", p.dir)
	}
	file, err := p.create(cpuProfile)
	if err != nil {
		return option.Usagef("--profile: %w", err)
	}
	p.cpu = file
	return pprof.StartCPUProfile(file)
}

// create creates a file that only its owner can read, in place of an older file.
func (p *profile) create(name string) (*os.File, error) {
	path := filepath.Join(p.dir, name)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

// stop writes what is left to write, and tells where the profiles are.
func (p *profile) stop(out io.Writer) {
	if p.cpu == nil {
		return
	}
	pprof.StopCPUProfile()
	if err := errors.Join(p.cpu.Close(), p.writeMemory()); err != nil {
		fmt.Fprintf(out, "note: the profiles in %s are not complete: %v\n", p.dir, err)
		return
	}
	fmt.Fprintf(out, "note: profiles are in %s and %s\n", filepath.Join(p.dir, cpuProfile), filepath.Join(p.dir, memoryProfile))
}

func (p *profile) writeMemory() error {
	file, err := p.create(memoryProfile)
	if err != nil {
		return err
	}
	runtime.GC() // the profile has the state after the last collection
	return errors.Join(pprof.WriteHeapProfile(file), file.Close())
}
