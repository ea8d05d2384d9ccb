package upgrade

import (
	"bytes"
	"errors"
	"io"
	"time"

	"helm.sh/helm/v3/pkg/kube"
)

// errUntried says that a chart rendered to other manifests than in the trial.
var errUntried = errors.New("the chart renders differently than in the dry run, or the release was changed since; these manifests are not applied")

// exactClient lets Helm apply only the manifests of the trial. A template can render to other
// manifests the next time: by random functions, the time, or lookups.
type exactClient struct {
	kube.Interface
	tried map[string]bool
}

// Build implements kube.Interface. Helm builds all objects that it changes here.
func (c exactClient) Build(reader io.Reader, validate bool) (kube.ResourceList, error) {
	text, err := io.ReadAll(reader)
	if err != nil {
		return nil, err
	}
	if !c.tried[string(text)] {
		return nil, errUntried
	}
	return c.Interface.Build(bytes.NewReader(text), validate)
}

// WaitForDelete implements kube.InterfaceExt. Helm waits for the deletion of a hook before it
// creates the hook again.
func (c exactClient) WaitForDelete(resources kube.ResourceList, timeout time.Duration) error {
	if client, ok := c.Interface.(kube.InterfaceExt); ok {
		return client.WaitForDelete(resources, timeout)
	}
	return nil
}
