package upstream

import (
	"archive/tar"
	"bytes"

	"github.com/google/go-containerregistry/pkg/v1/types"
)

// workloadPath is where images have the program that they run.
const workloadPath = "/bin/workload"

// workloadLayer makes the layer with that program.
func workloadLayer(program []byte) (Blob, error) {
	var buffer bytes.Buffer
	writer := tar.NewWriter(&buffer)
	file := tar.Header{Name: workloadPath[1:], Size: int64(len(program)), Typeflag: tar.TypeReg, Mode: 0o755}
	if err := writeEntry(writer, file, program); err != nil {
		return Blob{}, err
	}
	if err := writer.Close(); err != nil {
		return Blob{}, err
	}

	return layer(buffer.Bytes())
}

// layer makes a blob of a layer's tar.
func layer(archive []byte) (Blob, error) {
	content, err := compress(archive)
	if err != nil {
		return Blob{}, err
	}
	blob := newBlob(content, types.OCILayer)
	blob.diffID = hash(archive)

	return blob, nil
}
