// Package pluginimagetest makes small files for tests that look like executables of the plugin. It
// must not know the images that are made of them.
package pluginimagetest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"debug/elf"
	"encoding/binary"
	"strings"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/tarfile"
)

// Module is the module of the plugin.
const Module = "github.com/kkp-mirror/kubectl-kkp_mirror"

// Kind is what a file says about itself.
type Kind struct {
	Module       string // such as Module
	OS           string // such as "linux"
	Architecture string // such as "amd64"
	Shared       bool   // it needs shared libraries
	Committed    string // time of the commit that it was built from, in RFC 3339; "": unknown
}

// Plugin is the kind of the plugin for an architecture of Linux.
func Plugin(architecture string) Kind {
	return Kind{Module: Module, OS: "linux", Architecture: architecture}
}

// start is the address of the only segment with content.
const start = 0x1000

// Executable returns an ELF file with the build information of Go (package debug/buildinfo). It does
// nothing when it runs.
func Executable(k Kind) []byte {
	info := buildInfo(k)
	segments := []elf.Prog64{{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_W), Off: start, Vaddr: start, Filesz: uint64(len(info)), Memsz: uint64(len(info)), Align: start}}
	if k.Shared {
		segments = append(segments, elf.Prog64{Type: uint32(elf.PT_INTERP), Off: start, Vaddr: start, Filesz: 1, Memsz: 1, Align: 1})
	}
	header := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: uint16(elf.EM_X86_64), Version: uint32(elf.EV_CURRENT), Phoff: 64, Ehsize: 64,
		Phentsize: 56, Phnum: uint16(len(segments)), Shentsize: 64,
	}
	copy(header.Ident[:], elf.ELFMAG)
	header.Ident[elf.EI_CLASS], header.Ident[elf.EI_DATA], header.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)
	var file bytes.Buffer
	_ = binary.Write(&file, binary.LittleEndian, header) // a buffer takes everything
	_ = binary.Write(&file, binary.LittleEndian, segments)
	file.Write(make([]byte, start-file.Len()))
	file.Write(info)
	return file.Bytes()
}

// buildInfo is the build information as the linker of Go writes it: a magic number, and strings with
// their lengths. The text of modules is between two marks of 16 bytes.
func buildInfo(k Kind) []byte {
	text := "path\t" + k.Module + "/cmd\nmod\t" + k.Module + "\t(devel)\t\nbuild\tGOOS=" + k.OS + "\nbuild\tGOARCH=" + k.Architecture + "\n"
	if k.Committed != "" {
		text += "build\tvcs.time=" + k.Committed + "\n"
	}
	mark := strings.Repeat("x", 16)
	header := make([]byte, 32)
	copy(header, "\xff Go buildinf:\x08\x02")
	for _, s := range []string{"go1.26", mark + text + mark} {
		header = binary.AppendUvarint(header, uint64(len(s)))
		header = append(header, s...)
	}
	return header
}

// Archive returns an archive of a release (.tar.gz) with files.
func Archive(modified time.Time, files ...tarfile.File) []byte {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	tw := tar.NewWriter(zip)
	_ = tarfile.Write(tw, modified, files) // a buffer takes everything
	_ = tw.Close()
	_ = zip.Close()
	return packed.Bytes()
}
