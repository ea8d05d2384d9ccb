package main

import (
	"bytes"
	"path/filepath"
	"text/template"
)

// manifestName is the name of the Krew manifest. Krew requires the name of the plugin.
const manifestName = "kkp-mirror.yaml"

// writeManifest renders the template in plugins/.
func (r release) writeManifest(archives []archive) error {
	source := filepath.Join(r.Root, "plugins", manifestName)
	manifest, err := template.New(manifestName).Option("missingkey=error").ParseFiles(source)
	if err != nil {
		return err
	}
	var filled bytes.Buffer
	err = manifest.Execute(&filled, struct {
		Version  string
		Archives []archive
	}{r.Version, archives})
	if err != nil {
		return err
	}
	return r.write(manifestName, filled.Bytes())
}
