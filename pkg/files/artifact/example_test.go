package artifact_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/artifact"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

func ExamplePack() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	name := "oci:" + filepath.Join(dir, "archive")
	archive, err := transfer.CreateArchive(name)
	if err != nil {
		fmt.Println(err)
		return
	}

	item := files.Item{URL: "https://example.com/v1/setup.sh", Path: "example.com/v1/setup.sh"}
	img, err := artifact.Pack(archive, item, func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader("#!/bin/sh\n")), nil
	})
	fmt.Println(img.Ref.Repository, err)
	if err := archive.Finish(); err != nil {
		fmt.Println(err)
		return
	}

	// The archive has the file behind the air gap, too.
	arrived, err := transfer.OpenArchive(context.Background(), name)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer arrived.Close()
	shelf, err := artifact.Open(arrived)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, item := range shelf.Items() {
		fmt.Println(item.URL, "is kept at", item.Path)
	}
	// Output:
	// files/example.com/v1/setup.sh <nil>
	// https://example.com/v1/setup.sh is kept at example.com/v1/setup.sh
}
