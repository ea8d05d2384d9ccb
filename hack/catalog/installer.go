package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// installer is a kubermatic-installer with what its mirror-images needs: a
// configuration, a charts directory without charts but with the CA bundle that
// it insists on, and an empty addons directory, so that only components are
// listed.
type installer struct {
	path, config, charts, addons string
}

func newInstaller(path, dir string) (*installer, error) {
	in := &installer{
		path: path, config: filepath.Join(dir, "kubermatic.yaml"), charts: filepath.Join(dir, "charts"),
		addons: filepath.Join(dir, "addons"),
	}
	bundle := filepath.Join(in.charts, "kubermatic-operator", "static", "ca-bundle.pem")
	if err := errors.Join(os.MkdirAll(in.addons, 0o755), os.MkdirAll(filepath.Dir(bundle), 0o755)); err != nil {
		return nil, err
	}
	certificate, err := selfSigned()
	if err != nil {
		return nil, err
	}
	return in, errors.Join(os.WriteFile(bundle, certificate, 0o644), os.WriteFile(in.config, []byte(configuration), 0o644))
}

// configuration names a system application that does not exist, for then the
// installer renders none (pkg/applicationdefinitions/application_catalog.go);
// disabling them altogether makes it panic.
const configuration = `apiVersion: kubermatic.k8c.io/v1
kind: KubermaticConfiguration
metadata:
  name: kubermatic
  namespace: kubermatic
spec:
  applications:
    systemApplications:
      applications: [none]
`

// selfSigned makes a certificate that fills the CA bundle; nothing trusts it.
func selfSigned() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "catalog"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}

// runError is a dry run that failed.
type runError struct {
	args   []string
	stderr string
	err    error
}

func (e *runError) Error() string {
	return fmt.Sprintf("%s: %v\n%s", strings.Join(e.args, " "), e.err, e.stderr)
}

func (e *runError) Unwrap() error { return e.err }

// args are the arguments of one dry run.
func (in *installer) args(filters []string) []string {
	args := append([]string{
		"mirror-images", "--dry-run", "-o", "json", "--config", in.config,
		"--charts-directory", in.charts, "--addons-path", in.addons,
	}, filters...)
	return append(args, "registry.invalid")
}

// list does one dry run and returns the images that it found.
func (in *installer) list(ctx context.Context, filters ...string) (imageSet, error) {
	command := exec.CommandContext(ctx, in.path, in.args(filters)...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	if err := command.Run(); err != nil {
		return nil, &runError{args: command.Args, stderr: tail(stderr.String(), 2000), err: err}
	}
	images, err := parseLog(&stderr)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", strings.Join(command.Args, " "), err)
	}
	if len(images) == 0 {
		return nil, &runError{args: command.Args, stderr: tail(stderr.String(), 2000), err: errors.New("no image found")}
	}
	return images, nil
}

// parseLog reads the JSON log of a dry run, one line per image.
func parseLog(log io.Reader) (imageSet, error) {
	images := imageSet{}
	scanner := bufio.NewScanner(log)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		var line struct {
			Message string `json:"msg"`
			Source  string `json:"source-image"`
		}
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			continue // not every line of the installer is JSON
		}
		if line.Message == "Image found" && line.Source != "" {
			images[line.Source] = true
		}
	}
	return images, scanner.Err()
}

func tail(text string, limit int) string {
	return text[max(0, len(text)-limit):]
}
