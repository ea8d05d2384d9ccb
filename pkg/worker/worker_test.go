package worker_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/worker"
)

// TestMain makes this test binary also the program of the workers.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "serve" {
		if err := worker.Serve(os.Stdin, os.Stdout, job().Handler()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// job does everything that a template can do.
func job() worker.Job[string, []string] {
	return worker.Job[string, []string]{Name: "any", Time: 6 * time.Second, Do: do}
}

func do(what string) ([]string, error) {
	switch what {
	case "loop":
		for {
			runtime.Gosched()
		}
	case "overflow":
		return nil, fmt.Errorf("%d", deep(1))
	case "panic":
		panic("a fault")
	case "fail":
		return []string{"a part"}, errors.New("not like this " + strings.Repeat("and again ", 1000))
	case "memory":
		return []string{filled(64, 1<<20)}, nil
	case "all memory at once":
		return []string{filled(1, 1<<30)}, nil
	case "slowly all memory":
		return []string{filled(1<<12, 1<<20)}, nil
	case "a long answer":
		return []string{strings.Repeat("x", 33<<20)}, nil
	case "environment":
		return os.Environ(), nil
	}
	return []string{what}, nil
}

// deep overflows the stack.
func deep(n int) int {
	if n < 0 {
		return 0
	}
	return deep(n+1) + 1
}

// filled allocates blocks of memory.
func filled(blocks, size int) string {
	var kept [][]byte
	for range blocks {
		block := make([]byte, size)
		for i := 0; i < len(block); i += 1 << 10 {
			block[i] = 1
		}
		kept = append(kept, block)
	}
	return fmt.Sprint(len(kept))
}

func pool(t *testing.T) *worker.Pool {
	p := worker.NewPool(os.Args[0], "serve")
	t.Cleanup(p.Close)
	return p
}

// TestBounds checks that every failure in a worker becomes an error soon, and that the next
// job succeeds.
func TestBounds(t *testing.T) {
	t.Setenv("SECRET", "hunter2")
	p := pool(t)
	for what, test := range map[string]struct{ answer, err string }{
		"hello":              {"[hello]", ""},
		"memory":             {"[64]", ""},
		"fail":               {"[a part]", "not like this"},
		"panic":              {"[]", "a fault"},
		"loop":               {"[]", "rendering takes more than 6s"},
		"overflow":           {"[]", "rendering crashed the template engine"},
		"all memory at once": {"[]", "takes more than"},
		"slowly all memory":  {"[]", "takes more than"},
		"a long answer":      {"[]", "larger than 32 MiB"},
		"environment":        {"[SYSTEMROOT=]", ""},
	} {
		start := time.Now()
		answer, err := job().Run(t.Context(), p, what)
		if fmt.Sprint(answer) != test.answer || (err == nil) != (test.err == "") || err != nil && (!strings.Contains(err.Error(), test.err) || len(err.Error()) > 1000) {
			t.Errorf("%s: %.100v, %.1000v; want %s, %s", what, answer, err, test.answer, test.err)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s: it took %s", what, took)
		}
	}
}

func TestUnknownJob(t *testing.T) {
	other := job()
	other.Name = "other"
	if _, err := other.Run(t.Context(), pool(t), "x"); err == nil || !strings.Contains(err.Error(), `the job "other"`) {
		t.Error(err)
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := job().Run(ctx, pool(t), "loop"); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > time.Second {
		t.Error(err, time.Since(start))
	}
}

// TestCloseEndsTheProcesses counts the processes.
func TestCloseEndsTheProcesses(t *testing.T) {
	if _, err := os.Stat("/proc/self/task"); err != nil {
		t.Skip("there is no /proc here")
	}
	p := pool(t)
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() { _, _ = job().Run(t.Context(), p, "loop") })
		group.Go(func() { _, _ = job().Run(t.Context(), p, "memory") })
	}
	group.Wait()
	if _, err := job().Run(t.Context(), p, "hello"); err != nil || len(children(t)) == 0 {
		t.Error(err, children(t))
	}
	p.Close()
	if left := children(t); len(left) > 0 {
		t.Errorf("processes are left: %s", left)
	}
}

// children returns the child processes of this process.
func children(t *testing.T) []string {
	t.Helper()
	lists, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err == nil { // otherwise the thread has ended
			all = append(all, strings.Fields(string(text))...)
		}
	}
	return all
}
