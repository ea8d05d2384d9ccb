package harness

import (
	"os"
	"testing"
)

// ForTest starts a sandbox for a test, and stops it at the end of the test. make test
// builds the sandbox and sets KKP_MIRROR_SANDBOX; without this variable, the test is
// skipped.
func ForTest(t *testing.T, listImages string, args ...string) *Sandbox {
	t.Helper()
	program := os.Getenv("KKP_MIRROR_SANDBOX")
	if program == "" {
		t.Skip("KKP_MIRROR_SANDBOX does not name the sandbox; make test builds it")
	}
	sandbox, err := Start(t.Context(), program, listImages, os.Stderr, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sandbox.Stop(); err != nil {
			t.Errorf("the sandbox did not stop cleanly: %v", err)
		}
	})
	return sandbox
}
