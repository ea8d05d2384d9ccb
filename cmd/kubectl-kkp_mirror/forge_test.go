package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// forge adds a template to the release in a Secret, which a file has as JSON: to its chart, and
// to what it says is installed, as somebody could who may write Secrets: forge FILE TEMPLATE
// [NAME].
func forge(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: forge FILE TEMPLATE [NAME]")
	}
	var secret map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &secret))
	data, _ := secret["data"].(map[string]any)
	encoded, _ := data["release"].(string)
	release := unpack(ts, encoded)
	name, text := "templates/forged.yaml", ts.ReadFile(args[1])
	if len(args) > 2 {
		name = args[2]
	}
	chart, _ := release["chart"].(map[string]any)
	templates, _ := chart["templates"].([]any)
	chart["templates"] = append(templates, map[string]any{"name": name, "data": []byte(text)})
	switch {
	case strings.Contains(name, "NOTES"):
	case strings.Contains(text, "helm.sh/hook"):
		hooks, _ := release["hooks"].([]any)
		release["hooks"] = append(hooks, map[string]any{
			"name": "forged", "kind": "Job", "path": "dex/" + name, "manifest": text, "events": []string{"pre-upgrade"},
		})
	default:
		manifest, _ := release["manifest"].(string)
		release["manifest"] = manifest + "---\n# Source: dex/" + name + "\n" + text
	}
	data["release"] = pack(ts, release)
	content, err := json.Marshal(secret)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), content, 0o600))
}

// unpack reads a release as a Secret has it in JSON.
func unpack(ts *testscript.TestScript, encoded string) map[string]any {
	inner, err := base64.StdEncoding.DecodeString(encoded)
	ts.Check(err)
	zipped, err := base64.StdEncoding.DecodeString(string(inner))
	ts.Check(err)
	reader, err := gzip.NewReader(bytes.NewReader(zipped))
	ts.Check(err)
	text, err := io.ReadAll(reader)
	ts.Check(err)
	var release map[string]any
	ts.Check(json.Unmarshal(text, &release))
	return release
}

func pack(ts *testscript.TestScript, release map[string]any) string {
	text, err := json.Marshal(release)
	ts.Check(err)
	var zipped bytes.Buffer
	writer := gzip.NewWriter(&zipped)
	_, err = writer.Write(text)
	ts.Check(err)
	ts.Check(writer.Close())
	return base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString(zipped.Bytes())))
}
