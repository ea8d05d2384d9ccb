// Package events writes the progress and the report of a copy as JSON lines, and reads them again.
// A pod writes the lines to its log; the terminal reads the log and shows the same as for a copy on
// this machine.
//
// A log is not reliable: lines are lost when a log is rotated or a pod is deleted, and are repeated
// when a connection is made again. Therefore each event has a number, counters are sums from
// the start of the process, and all results are repeated before the report.
//
// The package knows results of images. It must not know Kubernetes, terminals or registries.
package events

import "github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"

// Version is the version of the events. A reader of another version shows no progress.
const Version = 1

// Type is the type of an event.
type Type string

// The types of events. A reader ignores other types.
const (
	TypeProgress Type = "progress" // Progress
	TypeImage    Type = "image"    // Items: one result, when the copy of the image ends
	TypeNote     Type = "note"     // Text: a line that a copy on this machine prints on stderr
	TypeWait     Type = "wait"     // Wait
	TypeResults  Type = "results"  // Items: results at the end; several events together have all
	TypeReport   Type = "report"   // Report: the last event of a process
)

// Event is a line of a log. The field of its type is set.
type Event struct {
	Version int    `json:"v"`
	Run     string `json:"run"` // identifies the process; a process that starts later has a greater one
	Number  int64  `json:"n"`   // of the event, from 1, in the order of a process
	Type    Type   `json:"type"`

	Progress *Progress       `json:"progress,omitempty"`
	Items    []images.Result `json:"items,omitempty"`
	Text     string          `json:"text,omitempty"`
	Wait     *Wait           `json:"wait,omitempty"`
	Report   *Report         `json:"report,omitempty"`
}

// Progress has sums from the start of the process. They never decrease.
type Progress struct {
	Images   int   `json:"images"`             // number of images of the process
	Resolved int   `json:"resolved,omitempty"` // images whose blobs are planned
	Planned  int64 `json:"planned,omitempty"`  // bytes of blobs that are missing at the target
	Saved    int64 `json:"saved,omitempty"`    // planned bytes that need no upload
	Sent     int64 `json:"sent,omitempty"`     // uploaded bytes
}

// Wait is a wait before a retry.
type Wait struct {
	Host    string  `json:"host"`
	Reason  string  `json:"reason"`
	Seconds float64 `json:"seconds"`
}

// Report is the end of a process.
type Report struct {
	Exit    int    `json:"exit"`            // exit code of the process
	Error   string `json:"error,omitempty"` // as the process prints the error
	Results int    `json:"results"`         // number of results of the process
}
