package runner_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster/runner"
)

// Names can be predicted. Whoever may only create ConfigMaps could prepare the certificates or the plan with
// which pods use the login for the registry.
func TestPartsOfOthers(t *testing.T) {
	for name, change := range map[string]func(plan, ca *corev1.ConfigMap, secret *corev1.Secret) runtime.Object{
		"certificates without labels": func(_, ca *corev1.ConfigMap, _ *corev1.Secret) runtime.Object { ca.Labels = nil; return ca },
		"other certificates":          func(_, ca *corev1.ConfigMap, _ *corev1.Secret) runtime.Object { ca.Data["ca.pem"] = "other"; return ca },
		"certificates that can be changed": func(_, ca *corev1.ConfigMap, _ *corev1.Secret) runtime.Object {
			ca.Immutable = nil
			return ca
		},
		"another plan": func(plan, _ *corev1.ConfigMap, _ *corev1.Secret) runtime.Object {
			plan.BinaryData["part-000"] = []byte("other")
			return plan
		},
		"more of a plan": func(plan, _ *corev1.ConfigMap, _ *corev1.Secret) runtime.Object {
			plan.Data = map[string]string{"part-001": "other"}
			return plan
		},
		"a Secret without labels": func(_, _ *corev1.ConfigMap, secret *corev1.Secret) runtime.Object { secret.Labels = nil; return secret },
		"a Secret of another type": func(_, _ *corev1.ConfigMap, secret *corev1.Secret) runtime.Object {
			secret.Type = corev1.SecretTypeOpaque
			return secret
		},
	} {
		for _, exists := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				s := cronSpec("b")
				object := change(s.ConfigMaps()[0], s.ConfigMaps()[1], s.RegistrySecret())
				r, client := newRunner(object.DeepCopyObject())
				if exists {
					first := cronSpec("a")
					first.CA = []byte("PEM 1")
					applied(t, r, first)
				}
				before := left(t, client)
				var foreign *runner.ForeignError
				if _, err := r.ApplyCron(t.Context(), s); !errors.As(err, &foreign) || !strings.Contains(err.Error(), "Delete the "+foreign.Kind+", or pass another namespace") {
					t.Errorf("got %v", err)
				}
				if diff := cmp.Diff(before, left(t, client)); diff != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff(object, stored(t, client, object)); diff != "" {
					t.Error("the object of others was changed:", diff)
				}
			})
		}
	}
}

// An object with the same content is taken, as after `kubectl delete cronjob --cascade=orphan`. Its owners stay.
func TestPartsGetOneMoreOwner(t *testing.T) {
	s := cronSpec("a")
	config := s.ConfigMaps()[0]
	config.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: "other", UID: "other-1"}}
	cron := s.CronJob()
	cron.UID = "cron-1"
	r, client := newRunner(config, cron)
	plan, ca, secret := parts(s)
	if diff := cmp.Diff([]string{"cronjob.batch/" + s.Name() + " unchanged", plan + " unchanged", ca + " created", secret + " created"}, applied(t, r, s)); diff != "" {
		t.Error(diff)
	}
	var owners []string
	for _, owner := range stored(t, client, config).(*corev1.ConfigMap).OwnerReferences {
		owners = append(owners, string(owner.UID))
	}
	slices.Sort(owners)
	if diff := cmp.Diff([]string{"cron-1", "other-1"}, owners); diff != "" {
		t.Error(diff)
	}
}

// The same command again changes nothing.
func TestSameCronJobAgain(t *testing.T) {
	r, client := newRunner()
	s := cronSpec("a")
	applied(t, r, s)
	client.ClearActions()
	plan, ca, secret := parts(s)
	if diff := cmp.Diff([]string{"cronjob.batch/" + s.Name() + " unchanged", plan + " unchanged", ca + " unchanged", secret + " unchanged"}, applied(t, r, s)); diff != "" {
		t.Error(diff)
	}
	for _, action := range client.Actions() {
		if p, ok := action.(clienttesting.PatchAction); ok && string(p.GetPatch()) != "{}" {
			t.Errorf("patch of %s %s: %s", p.GetResource().Resource, p.GetName(), p.GetPatch())
		}
	}
}

// An object that exists and must not be patched is not said to be created.
func TestPartsThatCannotBePatched(t *testing.T) {
	for resource, want := range map[string]string{"configmaps": "updating the ConfigMap ", "secrets": "updating the Secret "} {
		r, client := newRunner()
		applied(t, r, cronSpec("a"))
		client.PrependReactor("patch", resource, func(clienttesting.Action) (bool, runtime.Object, error) {
			return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: resource}, "x", errors.New("no right"))
		})
		if _, err := r.ApplyCron(t.Context(), cronSpec("a")); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v", err)
		}
	}
}

// A Secret in use gets its new password only after the CronJob.
func TestRefusedCronJobKeepsItsPassword(t *testing.T) {
	r, client := newRunner()
	s := cronSpec("a")
	applied(t, r, s)
	before := stored(t, client, s.RegistrySecret())
	refusal := apierrors.NewForbidden(schema.GroupResource{}, "x", errors.New("no right"))
	client.PrependReactor("update", "cronjobs", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, refusal })
	s.DockerConfig = []byte(`{"auths":{"registry.example.com":{}}}`)
	if _, err := r.ApplyCron(t.Context(), s); !errors.Is(err, refusal) {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(before, stored(t, client, s.RegistrySecret())); diff != "" {
		t.Error(diff)
	}
}
