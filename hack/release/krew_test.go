package main

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"

	"sigs.k8s.io/yaml"
)

// krewPlugin is a Krew manifest, as far as this plugin uses the format.
type krewPlugin struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		Version          string         `json:"version"`
		Homepage         string         `json:"homepage"`
		ShortDescription string         `json:"shortDescription"`
		Description      string         `json:"description"`
		Caveats          string         `json:"caveats"`
		Platforms        []krewPlatform `json:"platforms"`
	} `json:"spec"`
}

type krewPlatform struct {
	Selector struct {
		MatchLabels map[string]string `json:"matchLabels"`
	} `json:"selector"`
	URI    string     `json:"uri"`
	SHA256 string     `json:"sha256"`
	Files  []krewFile `json:"files"`
	Bin    string     `json:"bin"`
}

type krewFile struct {
	From string `json:"from"`
	To   string `json:"to"`
}

var (
	krewName = regexp.MustCompile(`^[\w-]+$`)
	sha256ID = regexp.MustCompile(`^[a-f0-9]{64}$`)
)

// readManifest parses a manifest, knowing no field that Krew does not know, and checks
// it by Krew's rules and those of the index.
func readManifest(fileName string, text []byte) (krewPlugin, error) {
	var p krewPlugin
	if err := yaml.UnmarshalStrict(text, &p); err != nil {
		return p, err
	}
	errs := []error{p.checkHead(fileName), p.checkDescription()}
	if len(p.Spec.Platforms) == 0 {
		errs = append(errs, errors.New("no platforms"))
	}
	seen := map[string]bool{}
	for _, platform := range p.Spec.Platforms {
		labels := platform.Selector.MatchLabels
		key := labels["os"] + "/" + labels["arch"]
		if len(labels) != 2 || labels["os"] == "" || labels["arch"] == "" || seen[key] {
			errs = append(errs, fmt.Errorf("selector %v is not one os and arch of its own", labels))
		}
		seen[key] = true
		if err := platform.check(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", key, err))
		}
	}
	return p, errors.Join(errs...)
}

func (p krewPlugin) checkHead(fileName string) error {
	var errs []error
	if p.APIVersion != "krew.googlecontainertools.github.com/v1alpha2" || p.Kind != "Plugin" {
		errs = append(errs, fmt.Errorf("it is a %s of %s", p.Kind, p.APIVersion))
	}
	if name := p.Metadata.Name; !krewName.MatchString(name) || fileName != name+".yaml" {
		errs = append(errs, fmt.Errorf("name %q in file %q", name, fileName))
	}
	if err := checkVersion(p.Spec.Version); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(append(errs, checkAddress(p.Spec.Homepage))...)
}

func (p krewPlugin) checkDescription() error {
	short := p.Spec.ShortDescription
	switch {
	case short == "" || len(short) >= 50 || strings.ContainsAny(short, "\r\n") || strings.HasSuffix(short, "."):
		return fmt.Errorf("shortDescription %q is not one short line without a full stop", short)
	case strings.Contains(short+p.Spec.Description, "kubectl"):
		return errors.New("a description says kubectl, which is known of every plugin")
	case p.Spec.Description == "" || strings.Contains(p.Spec.Description, "--"):
		return errors.New("the description is empty or explains flags")
	}
	return nil
}

func (p krewPlatform) check() error {
	errs := []error{checkAddress(p.URI)}
	if !sha256ID.MatchString(p.SHA256) {
		errs = append(errs, fmt.Errorf("sha256 %q", p.SHA256))
	}
	if !isLocal(p.Bin) {
		errs = append(errs, fmt.Errorf("bin %q", p.Bin))
	}
	license := false
	for _, f := range p.Files {
		license = license || f.From == "LICENSE"
		if !isLocal(f.From) || !isLocal(f.To) {
			errs = append(errs, fmt.Errorf("files from %q to %q", f.From, f.To))
		}
	}
	if !license {
		errs = append(errs, errors.New("the LICENSE is not installed"))
	}
	return errors.Join(errs...)
}

func checkAddress(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("address %q is not https", address)
	}
	return nil
}

// isLocal says whether a slash-separated path stays below where it starts.
func isLocal(p string) bool {
	clean := path.Clean(p)
	return p != "" && !path.IsAbs(p) && !strings.Contains(p, `\`) && clean != ".." && !strings.HasPrefix(clean, "../")
}
