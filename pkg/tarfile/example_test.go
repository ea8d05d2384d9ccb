package tarfile_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/tarfile"
)

func ExampleWrite() {
	var archive bytes.Buffer
	tw := tar.NewWriter(&archive)
	err := tarfile.Write(tw, time.Unix(0, 0), []tarfile.File{
		{Name: "LICENSE", Mode: 0o644, Content: []byte("Apache License 2.0\n")},
		{Name: "kubectl-kkp_mirror", Mode: 0o755, Content: []byte("\x7fELF")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := tw.Close(); err != nil {
		fmt.Println(err)
		return
	}
	reader := tar.NewReader(&archive)
	for range 2 {
		header, err := reader.Next()
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(header.FileInfo().Mode(), header.Size, header.Name)
	}
	// Output:
	// -rw-r--r-- 19 LICENSE
	// -rwxr-xr-x 4 kubectl-kkp_mirror
}

func ExampleCheck() {
	fmt.Println(tarfile.Check(&tar.Header{Typeflag: tar.TypeReg, Name: "oci-layout"}))
	// The holes of a sparse member would fill a disk.
	fmt.Println(tarfile.Check(&tar.Header{Typeflag: tar.TypeGNUSparse, Name: "disk.img"}) != nil)
	// Output:
	// <nil>
	// true
}
