// Package edit reads and changes the objects of an installation: the KubermaticConfiguration,
// Seeds, and the Secret for Helm on the master cluster, and CustomOperatingSystemProfiles on Seeds.
// It knows the API resource of each
// kind and the order of the steps: compute, dry run, apply. It must not know which fields a
// mirror needs; package patch knows them.
package edit

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
)

// Options are options of server-side apply.
type Options struct {
	Manager string // the field manager
	Force   bool   // take fields from other managers
	Place   string // cluster of the objects, for messages: "Seed frankfurt"; "": the master
}

// Editor reads and changes objects in KKP's namespace of one cluster.
type Editor struct {
	place     string
	master    kkp.Client
	client    apply.Client
	namespace string
	schemas   map[string]apply.Schema // by kind
}

// New returns an editor. It reads the schema of each kind once from the API server.
func New(master kkp.Client, namespace string, options Options) Editor {
	return Editor{
		place: options.Place, master: master, namespace: namespace, schemas: map[string]apply.Schema{},
		client: apply.Client{Interface: master, Manager: options.Manager, Force: options.Force},
	}
}

// Edited is an object with the change to make.
type Edited struct {
	Kind   string
	Schema apply.Schema // schema of the kind
	Change apply.Change
	After  *unstructured.Unstructured // the API server's object after the change or dry run; nil before
	editor Editor
}

// Name returns the name of the object as kubectl prints it, with its cluster if that is not the
// master.
func (e Edited) Name() string {
	name := apply.Name(e.Change.Live)
	if e.editor.place != "" {
		name += " on " + e.editor.place
	}
	return name
}

// Owners returns the other managers that own a field of the change. To change such a field is a
// conflict.
func (e Edited) Owners(field apply.Path) []string {
	return e.editor.client.Others(e.Change.Live, field)
}

// Result returns the object after the change: the API server's object, or the computed object
// before the API server was asked.
func (e Edited) Result() *unstructured.Unstructured {
	if e.After != nil {
		return e.After
	}
	return e.Change.After
}

// resourceOf returns the API resource of a kind.
func resourceOf(kind string) schema.GroupVersionResource {
	switch kind {
	case patch.KindConfiguration:
		return kkp.ConfigurationResource()
	case patch.KindSeed:
		return kkp.SeedResource()
	case kkp.KindCustomProfile:
		return kkp.CustomProfileResource()
	default:
		return kkp.CoreResource("secrets")
	}
}

// Get reads an object. A CustomOperatingSystemProfile that does not exist is returned without a
// spec, because the change creates the object.
func (e Editor) Get(ctx context.Context, kind, name string) (*unstructured.Unstructured, error) {
	object, err := e.master.Resource(resourceOf(kind)).Namespace(e.namespace).Get(ctx, name, metav1.GetOptions{})
	if kind == kkp.KindCustomProfile && apierrors.IsNotFound(err) {
		object = &unstructured.Unstructured{Object: map[string]any{}}
		object.SetGroupVersionKind(resourceOf(kind).GroupVersion().WithKind(kind))
		object.SetNamespace(e.namespace)
		object.SetName(name)
		return object, nil
	}
	return object, err
}

// schema returns the schema of a kind. A Secret needs none, because only its annotations change.
func (e Editor) schema(kind string) (apply.Schema, error) {
	if known, ok := e.schemas[kind]; ok || kind == patch.KindSecret {
		return known, nil
	}
	group := resourceOf(kind)
	read, err := apply.ReadSchema(e.master.Discovery.OpenAPIV3(), schema.GroupVersionKind{Group: group.Group, Version: group.Version, Kind: kind})
	e.schemas[kind] = read
	return read, err
}

// Compute returns the change of an object that was read.
func (e Editor) Compute(live *unstructured.Unstructured, object patch.Object) (Edited, error) {
	schema, err := e.schema(object.Kind)
	if err != nil {
		return Edited{}, err
	}
	compute := apply.Compute
	if object.Kind == kkp.KindCustomProfile {
		compute = apply.ComputeWhole
	}
	change, err := compute(live, schema, object.Edits)
	return Edited{Kind: object.Kind, Schema: schema, Change: change, editor: e}, err
}

// ComputeAll reads objects and returns their changes.
func (e Editor) ComputeAll(ctx context.Context, objects []patch.Object) ([]Edited, error) {
	var all []Edited
	for _, object := range objects {
		live, err := e.Get(ctx, object.Kind, object.Name)
		if err != nil {
			return nil, err
		}
		one, err := e.Compute(live, object)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// Revert reads an object and returns the change that restores the previous values of its wanted
// fields. For a Secret that does not exist any more the change is empty.
func (e Editor) Revert(ctx context.Context, kind, name string, wanted func(apply.Path) bool) (Edited, error) {
	live, err := e.Get(ctx, kind, name)
	if kind == patch.KindSecret && apierrors.IsNotFound(err) {
		return Edited{}, nil
	}
	if err != nil {
		return Edited{}, err
	}
	change, err := apply.Revert(live, wanted, e.client.Force)
	return Edited{Kind: kind, Change: change, editor: e}, err
}
