package storagetest_test

import (
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage/storagetest"
)

func TestMemory(t *testing.T) {
	registry := &storagetest.Registry{Name: "registry.example.com"}
	storagetest.Check(t, registry.Repository("team/app", true), "v1")
}
