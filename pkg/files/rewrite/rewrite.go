package rewrite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"

	"github.com/Masterminds/semver/v3"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/profile"
)

// Suffix is the end of the name of a rewritten profile.
const Suffix = "-mirror"

// Trace traces the machines of a profile: files.Trace, or a worker that calls it.
type Trace func(context.Context, files.Request) (files.Answer, error)

// Profile is a rewritten profile.
type Profile struct {
	Name            string // "osp-ubuntu-mirror"
	Original        string // "osp-ubuntu"
	OriginalVersion string // "v1.11.2"
	Version         string // "v1.11.2-mirror.c3f09a1b"
	OS              string // "ubuntu"
	Spec            map[string]any
	Proof           Proof
}

// Object returns the profile as a profile.Object in JSON.
func (p Profile) Object() (json.RawMessage, error) { return object(p.Name, p.Spec) }

// Replacing returns the profile under the name of its original, which it replaces.
func (p Profile) Replacing() Profile {
	p.Name = p.Original
	return p
}

func object(name string, spec map[string]any) (json.RawMessage, error) {
	return json.Marshal(map[string]any{"kind": profile.KindCustom, "metadata": map[string]any{"name": name}, "spec": spec})
}

// Make rewrites a profile for some machines and proves the result. The error is an
// *UnprovenError if machines could download from elsewhere; the profile is complete then, too.
func Make(ctx context.Context, trace Trace, original json.RawMessage, machines []files.Case, s Settings) (Profile, error) {
	o, p, err := newProver(ctx, trace, original, machines, s)
	if err != nil {
		return Profile{}, err
	}
	made, err := p.rewrite(o)
	if err != nil {
		return Profile{}, fmt.Errorf("profile %s: %w", o.Metadata.Name, err)
	}
	text, err := made.Object()
	if err != nil {
		return Profile{}, err
	}
	made.Proof, err = p.prove(ctx, text)
	return made, err
}

// Prove compares a rewritten profile with its original. The error is an *UnprovenError if
// machines could download from elsewhere.
func Prove(ctx context.Context, trace Trace, original, rewritten json.RawMessage, machines []files.Case, s Settings) (Proof, error) {
	_, p, err := newProver(ctx, trace, original, machines, s)
	if err != nil {
		return Proof{}, err
	}
	return p.prove(ctx, rewritten)
}

// specOf reads the spec of an object. Numbers are int64 where they can be, as in objects of
// Kubernetes clients.
func specOf(object json.RawMessage) (map[string]any, error) {
	var read struct {
		Spec map[string]any `json:"spec"`
	}
	decoder := json.NewDecoder(bytes.NewReader(object))
	decoder.UseNumber()
	if err := decoder.Decode(&read); err != nil {
		return nil, err
	}
	if read.Spec == nil {
		return nil, errors.New("spec is missing")
	}
	spec, _ := numbers(read.Spec).(map[string]any)
	return spec, nil
}

// numbers replaces each json.Number.
func numbers(value any) any {
	switch value := value.(type) {
	case json.Number:
		if n, err := value.Int64(); err == nil {
			return n
		}
		f, err := value.Float64()
		if err != nil {
			return value.String()
		}
		return f
	case map[string]any:
		for key, v := range value {
			value[key] = numbers(v)
		}
	case []any:
		for i, v := range value {
			value[i] = numbers(v)
		}
	}
	return value
}

// rewrite makes the profile.
func (p *prover) rewrite(o profile.Object) (Profile, error) {
	e := editor{settings: p.settings, reached: p.before}
	spec := maps.Clone(p.original)
	for _, phase := range phases() {
		if config, ok := p.original[phase].(map[string]any); ok {
			spec[phase] = e.edit(config, "")
		}
	}
	if err := e.trust(o.Spec.OSName, spec); err != nil {
		return Profile{}, err
	}
	made := Profile{Name: o.Metadata.Name + Suffix, Original: o.Metadata.Name, OriginalVersion: o.Spec.Version, OS: o.Spec.OSName, Spec: spec}
	var err error
	if made.Version, err = version(o.Spec.Version, spec); err != nil {
		return Profile{}, err
	}
	spec["version"] = made.Version
	return made, nil
}

// phases are the fields of a spec with the two phases in which a machine is set up.
func phases() []string { return []string{"bootstrapConfig", "provisioningConfig"} }

// version returns the version of a rewritten profile: KKP and OSM replace a copy of a profile
// only if its version differs, so each other content has another version. A part of a
// prerelease that has only digits must not begin with 0 (semver 2.0.0, item 9): the first
// character of the hash is a letter.
func version(original string, spec map[string]any) (string, error) {
	parsed, err := semver.StrictNewVersion(trimV(original))
	if err != nil {
		return "", fmt.Errorf("spec.version %q: %w", original, err)
	}
	text, err := json.Marshal(spec) // with the original's version
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	hash := string('a'+rune(sum[31]%16)) + hex.EncodeToString(sum[:])[:7]
	prerelease := "mirror." + hash
	if parsed.Prerelease() != "" {
		prerelease = parsed.Prerelease() + "." + prerelease
	}
	return fmt.Sprintf("v%d.%d.%d-%s", parsed.Major(), parsed.Minor(), parsed.Patch(), prerelease), nil
}

func trimV(version string) string {
	if len(version) > 0 && version[0] == 'v' {
		return version[1:]
	}
	return version
}

// OriginalVersion returns the version of the profile that a rewritten profile is made from, by the
// version of the rewritten one. ok is false for other versions.
func OriginalVersion(version string) (original string, ok bool) {
	found := regexp.MustCompile(`^(v[0-9.]+(?:-[0-9A-Za-z.-]+)?)[-.]mirror\.[a-p][0-9a-f]{7}$`).FindStringSubmatch(version)
	if found == nil {
		return "", false
	}
	return found[1], true
}
