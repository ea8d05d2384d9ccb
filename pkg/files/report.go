package files

import "github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"

// KindFilesReport is the kind of a report as a document.
const KindFilesReport = "FilesReport"

// FilesReport is what became of files, as a document: what `files DIR -o json` and `files
// verify -o json` print, and `--report` writes.
type FilesReport struct {
	APIVersion string              `json:"apiVersion"`
	Kind       string              `json:"kind"`
	Target     string              `json:"target"` // a directory or an address
	Summary    map[FileOutcome]int `json:"summary"`
	Items      []Result            `json:"items"`
	Gaps       []images.Gap        `json:"gaps,omitempty"`
}

// FileOutcome says what became of a file.
type FileOutcome string

// The outcomes of copies and verifications.
const (
	Copied    FileOutcome = "copied"
	Present   FileOutcome = "present"   // it was there already
	Skipped   FileOutcome = "skipped"   // it was not tried, because the run was interrupted
	Failed    FileOutcome = "failed"    // it is not there, or could not be read
	Verified  FileOutcome = "verified"  // it has the published checksum
	Unchecked FileOutcome = "unchecked" // it is there, and nodes use no published checksum
	Missing   FileOutcome = "missing"
	Different FileOutcome = "different" // it does not have the published checksum
)

// Good tells whether a file is there as it should be.
func (o FileOutcome) Good() bool {
	return o == Copied || o == Present || o == Verified || o == Unchecked
}

// Result is what became of one file.
type Result struct {
	URL      string       `json:"url"`
	Path     string       `json:"path"`
	Outcome  FileOutcome  `json:"outcome"`
	Checked  bool         `json:"checked"`           // against the published checksum
	Bytes    int64        `json:"bytes,omitempty"`   // that were transferred
	Resumed  int64        `json:"resumed,omitempty"` // bytes of an earlier run
	Seconds  float64      `json:"seconds,omitempty"`
	Attempts int          `json:"attempts,omitempty"` // more than 1 if transient faults were retried
	Class    images.Class `json:"class,omitempty"`    // of a failure
	Error    string       `json:"error,omitempty"`
	Remedy   string       `json:"remedy,omitempty"`
}

// Report makes a document of results.
func Report(target string, results []Result, gaps []images.Gap) FilesReport {
	if results == nil {
		results = []Result{}
	}
	r := FilesReport{APIVersion: images.APIVersion, Kind: KindFilesReport, Target: target, Items: results, Gaps: gaps, Summary: map[FileOutcome]int{}}
	for _, res := range results {
		r.Summary[res.Outcome]++
	}
	return r
}

// Bad counts the files that are not there as they should be.
func (r FilesReport) Bad() int {
	n := 0
	for _, res := range r.Items {
		if !res.Outcome.Good() {
			n++
		}
	}
	return n
}
