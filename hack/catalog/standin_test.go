package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
)

// standInFacts names the file that the test binary, run as an installer,
// answers from.
const standInFacts = "CATALOG_STANDIN_FACTS"

func TestMain(m *testing.M) {
	facts := os.Getenv(standInFacts)
	if facts == "" {
		m.Run()
		return
	}
	if err := standIn(facts, os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}

// standIn logs what an installer with these facts would, heeding its filters.
func standIn(facts string, args []string, stderr io.Writer) error {
	if len(args) == 0 || args[0] != "mirror-images" {
		return fmt.Errorf("unknown command %q", args)
	}
	flags := flag.NewFlagSet("mirror-images", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	dryRun, output := flags.Bool("dry-run", false, ""), flags.String("o", "", "")
	config, addons := flags.String("config", "", ""), flags.String("addons-path", "", "")
	charts := flags.String("charts-directory", "", "")
	versions, provider := flags.String("version-filter", "*", ""), flags.String("provider-filter", "", "")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if !*dryRun || *output != "json" || flags.NArg() != 1 {
		return fmt.Errorf("not a JSON dry run: %v", args)
	}
	for _, path := range []string{*config, *addons, filepath.Join(*charts, "kubermatic-operator/static/ca-bundle.pem")} {
		if _, err := os.Stat(path); err != nil {
			return err
		}
	}
	images, err := answer(facts, *versions, *provider)
	if err != nil {
		return err
	}
	fmt.Fprintln(stderr, `{"level":"info","msg":"Collecting images…"}`+"\nnot JSON")
	if raw, err := os.ReadFile(*config); err != nil || !strings.Contains(string(raw), "applications: [none]") {
		images = append(images, "quay.io/cilium/cilium:v1.19.4") // a system application
	}
	for _, image := range images {
		line, err := json.Marshal(map[string]string{"level": "info", "msg": "Image found", "source-image": image, "target-image": "registry.invalid/x"})
		if err != nil {
			return err
		}
		fmt.Fprintln(stderr, string(line))
	}
	return nil
}

func answer(facts, constraint, provider string) ([]string, error) {
	raw, err := os.ReadFile(facts)
	if err != nil {
		return nil, err
	}
	filter, err := semver.NewConstraint(constraint)
	if err != nil {
		return nil, err
	}
	release, _, _ := strings.Cut(filepath.Base(facts), "-")
	var versions, images []string
	for line := range strings.Lines(string(raw)) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		switch {
		case strings.HasPrefix(line, "#"):
		case fields[0] == "kubernetes":
			versions = slices.DeleteFunc(strings.Fields(fields[1]), func(v string) bool { return !filter.Check(semver.MustParse(v)) })
		case provider == "" || fields[2] == "*" || slices.Contains(strings.Split(fields[2], ","), provider):
			images = append(images, expand(strings.ReplaceAll(fields[0], "{kkp}", release), fields[1], versions)...)
		}
	}
	return images, nil
}

func expand(image, minors string, versions []string) []string {
	var images []string
	for _, version := range versions {
		minor := version[:strings.LastIndex(version, ".")]
		if minors == "*" || slices.Contains(strings.Split(minors, ","), minor) {
			images = append(images, strings.ReplaceAll(image, "{kubernetes}", version))
		}
	}
	return slices.Compact(images)
}
