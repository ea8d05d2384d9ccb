package tarfile_test

import (
	"archive/tar"
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/tarfile"
)

func TestCheck(t *testing.T) {
	long := strings.Repeat("x", tarfile.MaxName)
	for want, headers := range map[string][]tar.Header{
		"": {
			{Name: "a", Typeflag: tar.TypeReg},
			{Name: long, Linkname: long, Typeflag: tar.TypeLink},
			{Name: "a", Typeflag: tar.TypeReg, PAXRecords: map[string]string{"path": "1"}},
		},
		"has a name of 4097 bytes": {{Name: long + "x"}, {Name: "a", Linkname: long + "x"}},
		"is a sparse file": {
			{Name: "a", Typeflag: tar.TypeGNUSparse},
			{Name: "a", Typeflag: tar.TypeReg, PAXRecords: map[string]string{"GNU.sparse.major": "1"}},
			{Name: "a", Typeflag: tar.TypeReg, PAXRecords: map[string]string{"GNU.sparse.map": "1"}},
		},
	} {
		for _, header := range headers {
			err := tarfile.Check(&header)
			if (err == nil) != (want == "") || (err != nil && !strings.Contains(err.Error(), want)) {
				t.Errorf("%.20s, %.20s: got %v, want %q", header.Name, header.Linkname, err, want)
			}
		}
	}
}
