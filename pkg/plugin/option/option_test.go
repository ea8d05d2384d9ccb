package option_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// command has every group of flags.
type command struct {
	flags      *pflag.FlagSet
	input      option.InputFlags
	connection *option.ConnectionFlags
	scope      *option.ScopeFlags
	registry   option.RegistryFlags
	content    option.ContentFlags
	output     *option.OutputFlags
}

func newCommand() *command {
	c := &command{
		flags: pflag.NewFlagSet("test", pflag.ContinueOnError), connection: option.NewConnectionFlags(),
		scope: option.NewScopeFlags([]string{"charts", "running"}), output: option.NewOutputFlags(),
	}
	option.AddGroups(c.flags,
		option.Group{Title: "Input", Add: c.input.Add}, option.Group{Title: "Scope", Add: c.scope.Add}, option.Group{Title: "Registries", Add: c.registry.Add},
		option.Group{Title: "Content", Add: c.content.Add}, option.Group{Title: "Output", Add: c.output.Add}, option.Group{Title: "Connection", Add: c.connection.Add})
	return c
}

// parse parses all groups for a target, and returns the first error.
func (c *command) parse(target images.Target, args ...string) error {
	if err := c.flags.Parse(args); err != nil {
		return option.FlagError(err)
	}
	_, scopeErr := c.scope.Parse()
	_, registryErr := c.registry.Parse(target)
	_, contentErr := c.content.Parse()
	_, outputErr := c.output.Parse(option.FormatWide)
	return errors.Join(scopeErr, registryErr, contentErr, outputErr)
}

func TestWrongFlagsAreUsageErrors(t *testing.T) {
	noCertificate := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(noCertificate, []byte("none"), 0o600); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"--edition=xe":                       `"xe"`,
		"--source=charts,helm":               `--source: unknown source "helm"; known sources: charts, running`,
		"--version-filter=one":               `--version-filter "one": `,
		"--addons-image=UPPER":               "--addons-image: ",
		"--addons-image=a:1 --addons-path=b": "--addons-path and --addons-image cannot be combined",
		"--jobs=0":                           "--jobs 0: the concurrency must be at least 1",
		"--jobs=much":                        `invalid argument "much"`,
		"--registry-map=a":                   `--registry-map: registry map "a"`,
		"--ca-file=" + noCertificate:         "no certificate in PEM format",
		"--insecure=a/b":                     `"a/b" is not a registry`,
		"--insecure":                         "and this command has no target registry",
		"--platform=linux":                   `--platform "linux": write os/arch`,
		"--output=nonsense":                  "nonsense",
		"--output=name":                      `this command has no output format "name"`,
		"--nonsense":                         "unknown flag: --nonsense",
	} {
		err := newCommand().parse(images.Target{}, strings.Fields(args)...)
		var usage *option.UsageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want a usage error with %s", args, err, want)
		}
	}
	if err := newCommand().parse(images.Target{Registry: "reg.example.com"}, "--insecure", "--jobs=1", "--edition=EE", "--version-filter=>1", "-o", "yaml"); err != nil {
		t.Error(err)
	}
}

func TestValuesDoNotChange(t *testing.T) {
	c := newCommand()
	target := images.Target{Registry: "reg.example.com", Prefix: "kkp"}
	if err := c.flags.Parse([]string{"--registry-map=docker.io=cache.example.com", "--insecure", "--insecure=other.example.com"}); err != nil {
		t.Fatal(err)
	}
	before, err := c.registry.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"other.example.com", "reg.example.com"}, before.Insecure); diff != "" {
		t.Error(diff)
	}
	through := before.Through(target)
	var maps []string
	for _, rule := range through.Maps {
		maps = append(maps, rule.String())
	}
	if diff := cmp.Diff([]string{"docker.io=cache.example.com", "reg.example.com=reg.example.com", "*=reg.example.com/kkp"}, maps); diff != "" {
		t.Error(diff)
	}
	again, err := c.registry.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, again); diff != "" || len(before.Maps) != 1 {
		t.Errorf("%d maps, and the second time: %s", len(before.Maps), diff)
	}
}

func TestExclude(t *testing.T) {
	c := newCommand()
	if err := c.flags.Parse([]string{"--all", "--filename=a"}); err != nil {
		t.Fatal(err)
	}
	if err := option.Exclude(c.flags, "filename", "says so", "filename", "source"); err != nil {
		t.Error(err)
	}
	if err := option.Exclude(c.flags, "filename", "says so", "filename", "all"); err == nil || err.Error() != "--filename and --all cannot be combined: --filename says so" {
		t.Error(err)
	}
}

func TestSections(t *testing.T) {
	var titles []string
	for _, section := range option.Sections(newCommand().flags) {
		titles = append(titles, section.Title)
		for _, hidden := range []string{"--show-managed-fields", "--as-group"} {
			if strings.Contains(section.Text, hidden) {
				t.Errorf("%s shows %s", section.Title, hidden)
			}
		}
	}
	if diff := cmp.Diff([]string{"Input", "Scope", "Registries", "Content", "Output", "Connection"}, titles); diff != "" {
		t.Error(diff)
	}
}
