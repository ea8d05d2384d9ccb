package main

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/rogpeppe/go-internal/testscript"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
)

// references writes what an installation pulls, one reference a line, by KKP's own rules and not by the plugin's:
// references VERSION LIST OBJECTS FILE. LIST is the list that the installation was made with, OBJECTS what kubectl get
// -o json prints of its KubermaticConfiguration, Seeds and Deployments.
func references(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: references VERSION LIST OBJECTS FILE")
	}
	var list images.ImageList
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &list))
	var objects unstructured.UnstructuredList
	ts.Check(objects.UnmarshalJSON([]byte(ts.ReadFile(args[2]))))
	release, err := catalog.Open(args[0], catalog.CE)
	ts.Check(err)
	r := resolver{settings: release.Settings()}
	for _, object := range objects.Items {
		switch object.GetKind() {
		case "KubermaticConfiguration":
			r.configuration = object.Object
		case "Seed":
			r.seeds = append(r.seeds, object.Object)
		}
	}
	r.overwrite, _, _ = unstructured.NestedString(r.configuration, "spec", "userCluster", "overwriteRegistry")
	for _, img := range list.Items {
		r.resolve(img)
	}
	r.written(objects.Items)
	slices.Sort(r.found)
	ts.Check(os.WriteFile(ts.MkAbs(args[3]), []byte(strings.Join(slices.Compact(r.found), "\n")+"\n"), 0o600))
}

// resolver has what decides about references (kubermatic pkg/defaulting, pkg/resources/registry, v2.31.0).
type resolver struct {
	settings      []catalog.Setting
	configuration map[string]any
	seeds         []map[string]any
	overwrite     string
	found         []string
}

// resolve adds the references that KKP makes of an upstream image. Images of charts are in Deployments.
func (r *resolver) resolve(img images.Image) {
	tag := ":" + img.Ref.Tag
	if img.Ref.Tag == "" {
		tag = "@" + img.Ref.Digest
	}
	if img.Kind == images.KindChart {
		repository, _, _ := unstructured.NestedString(r.configuration, "spec", "userCluster", "systemApplications", "helmRepository")
		r.found = append(r.found, strings.TrimPrefix(repository, "oci://")+"/"+filepath.Base(img.Ref.Repository)+tag)
		return
	}
	for _, reason := range img.Reasons {
		switch reason.Source {
		case "components":
			r.component(img, reason.Component, tag)
		case "addons", "applications":
			r.found = append(r.found, r.overwrite+"/"+img.Ref.Repository+tag)
		}
	}
}

// component adds the references of a component: from its fields, or with overwriteRegistry.
func (r *resolver) component(img images.Image, component, tag string) {
	if img.Ref.Repository == "pause" { // the nodes' own, which written reads
		return
	}
	redirected := false
	for _, s := range r.settings {
		if !slices.Contains(s.Components, component) || s.Repository != img.Ref.Name() {
			continue
		}
		redirected = true
		objects := r.seeds
		if s.Object == "KubermaticConfiguration" {
			objects = []map[string]any{r.configuration}
		}
		for _, object := range objects {
			value, _, _ := unstructured.NestedString(object, strings.Split(s.Field, ".")...)
			value = cmp.Or(value, s.Repository)
			if s.OverwriteRegistry && s.Object == "KubermaticConfiguration" { // in front of the path, whatever the host
				_, path, _ := strings.Cut(value, "/")
				value = r.overwrite + "/" + path
			}
			r.found = append(r.found, value+tag)
		}
	}
	if !redirected {
		r.found = append(r.found, r.overwrite+"/"+img.Ref.Repository+tag)
	}
}

// written adds the references that are written in objects: in pods and their arguments, in containers for backups, and
// in the settings of nodes.
func (r *resolver) written(objects []unstructured.Unstructured) {
	reference := regexp.MustCompile(`(?:image: |[iI]mage=|"(?:image|pauseImage)":")([a-zA-Z0-9][^"\s\\]*)`)
	for _, object := range objects {
		text, err := json.Marshal(object.Object)
		if err != nil {
			panic(err)
		}
		for _, match := range reference.FindAllStringSubmatch(string(text), -1) {
			r.found = append(r.found, match[1])
		}
	}
}

// pullable expects that each reference in a file begins with PREFIX, and that its registry has the manifest. The
// credentials are those of DOCKER_CONFIG: pullable FILE PREFIX.
func pullable(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: pullable FILE PREFIX")
	}
	for _, text := range fileLines(ts, args[0]) {
		if !strings.HasPrefix(text, args[1]) {
			ts.Fatalf("%s is not pulled from %s", text, args[1])
		}
		ref, err := name.ParseReference(text)
		ts.Check(err)
		auth, err := credentials(ts.ReadFile(filepath.Join(ts.Getenv("DOCKER_CONFIG"), "config.json")), ref.Context().RegistryStr())
		ts.Check(err)
		if _, err := remote.Head(ref, remote.WithAuth(auth)); err != nil {
			ts.Fatalf("%s: %v", text, err)
		}
	}
}

// credentials are those for a registry in a docker configuration.
func credentials(config, registry string) (authn.Authenticator, error) {
	var parsed struct {
		Auths map[string]struct {
			Auth []byte `json:"auth"`
		} `json:"auths"`
	}
	if err := json.Unmarshal([]byte(config), &parsed); err != nil {
		return nil, err
	}
	user, password, ok := strings.Cut(string(parsed.Auths[registry].Auth), ":")
	if !ok {
		return authn.Anonymous, nil
	}
	return &authn.Basic{Username: user, Password: password}, nil
}
