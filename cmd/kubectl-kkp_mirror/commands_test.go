package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/harness"
)

// exitWait bounds how long a command may take to end after a signal.
const exitWait = 20 * time.Second

// commands are the commands that scripts have beside those of testscript.
func commands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"exits":    exits,
		"registry": startRegistry,
		"hostile":  startHostile,
		"mute":     startMute,
		"recorder": startRecorder,
		"recorded": recorded,
		"once":     once,

		"document": runDocument,
		"internet": startInternet,

		"fileserver":     startFileServer,
		"serve":          serve,
		"interruptfiles": interruptFiles,

		"received":  received,
		"expand":    expand,
		"lines":     lines,
		"subset":    subset,
		"disjoint":  disjoint,
		"typed":     typed,
		"identical": identical,
		"agrees":    agrees,
		"delete":    remove,
		"interrupt": interrupt,
		"spoil":     spoil,
		"attach":    attach,
		"cut":       cut,
		"forge":     forge,
		"sameSpec":  sameSpec,

		"killed":     killed,
		"followed":   followed,
		"samereport": sameReport,

		"pluginarchive": pluginArchive,
		"pluginimage":   pluginImage,

		"copyprofile":    copyProfile,
		"documentedrole": documentedRole,
		"withoutrights":  withoutRights,

		"remedies": remedies,
		"found":    found,
		"turns":    turns,
		"notready": notReady,
		"takeback": takeBack,
	}
}

// exits runs a command and wants this exit code: exits CODE COMMAND [ARG...].
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
	}
	code := "0"
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		code = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if code != args[0] {
		ts.Fatalf("%s: exit code %s, want %s", strings.Join(args[1:], " "), code, args[0])
	}
}

// lines wants two files to have as many lines: lines FILE FILE [N], N of them being
// headers of the first.
func lines(ts *testscript.TestScript, _ bool, args []string) {
	headers := 0
	if len(args) == 3 {
		_, err := fmt.Sscan(args[2], &headers)
		ts.Check(err)
	}
	a, b := len(fileLines(ts, args[0]))-headers, len(fileLines(ts, args[1]))
	if a != b || a == 0 {
		ts.Fatalf("%s has %d lines, %s has %d", args[0], a, args[1], b)
	}
}

// subset wants every line of the first file to be one of the second, which has more.
func subset(ts *testscript.TestScript, neg bool, args []string) {
	part, whole := fileLines(ts, args[0]), fileLines(ts, args[1])
	var missing []string
	for _, line := range part {
		if !slices.Contains(whole, line) {
			missing = append(missing, line)
		}
	}
	if ok := len(missing) == 0 && len(part) < len(whole); ok == neg {
		ts.Fatalf("subset is %t: %d of %d lines, missing %q", ok, len(part), len(whole), missing)
	}
}

// disjoint wants no line of the first file, which has some, to be one of the second.
func disjoint(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: disjoint FILE FILE")
	}
	lines, others := fileLines(ts, args[0]), fileLines(ts, args[1])
	if ts.ReadFile(args[0]) == "" {
		ts.Fatalf("%s is empty", args[0])
	}
	for _, line := range lines {
		if slices.Contains(others, line) {
			ts.Fatalf("%s is in both files", line)
		}
	}
}

func fileLines(ts *testscript.TestScript, file string) []string {
	return strings.Split(strings.TrimSuffix(ts.ReadFile(file), "\n"), "\n")
}

// typed wants a file to hold a document of a kind with the documented fields only: typed
// KIND FILE.
func typed(ts *testscript.TestScript, _ bool, args []string) {
	documents := map[string]any{
		files.KindFileList: &files.FileList{}, files.KindFilesReport: &files.FilesReport{}, images.KindImageList: &images.ImageList{}, images.KindSyncReport: &images.SyncReport{}, images.KindSyncForecast: &images.SyncForecast{}, images.KindVerifyReport: &images.VerifyReport{},
		redirect.KindValuesList: &redirect.List{}, check.KindReport: &check.Report{},
	}
	decoder := json.NewDecoder(strings.NewReader(ts.ReadFile(args[1])))
	decoder.DisallowUnknownFields()
	ts.Check(decoder.Decode(documents[args[0]]))
	if data, err := json.Marshal(documents[args[0]]); err != nil || !strings.Contains(string(data), `"kind":"`+args[0]+`"`) {
		ts.Fatalf("not a %s: %.200s", args[0], data)
	}
}

// identical wants the images whose references are in a file to be the same content in two
// registries, to the last blob: identical FILE SOURCE TARGET. SOURCE has the host of a
// reference in its path, TARGET has not.
func identical(ts *testscript.TestScript, _ bool, args []string) {
	for _, ref := range fileLines(ts, args[0]) {
		ts.Check(harness.Identical(ref, args[1], args[2]))
	}
}

// remove deletes a manifest from a registry without authentication: delete REFERENCE.
func remove(ts *testscript.TestScript, _ bool, args []string) {
	ref, err := name.ParseReference(args[0])
	ts.Check(err)
	desc, err := remote.Head(ref)
	ts.Check(err)
	target := url.URL{Scheme: "http", Host: ref.Context().RegistryStr(), Path: "/v2/" + ref.Context().RepositoryStr() + "/manifests/" + desc.Digest.String()}
	ctx, cancel := context.WithTimeout(context.Background(), exitWait)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, target.String(), nil)
	ts.Check(err)
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		ts.Fatalf("deleting %s: %s", args[0], resp.Status)
	}
}
