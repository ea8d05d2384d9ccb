package incluster

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// ConfigMaps returns the ConfigMaps with the plan, one for each part, and the one with the
// certificates, if the Job has any.
func (s Spec) ConfigMaps() []*corev1.ConfigMap {
	var all []*corev1.ConfigMap
	for i, part := range s.Plan {
		config := s.configMap(s.planName(i))
		config.BinaryData = map[string][]byte{part.Name: part.Data}
		all = append(all, config)
	}
	if len(s.CA) > 0 {
		config := s.configMap(s.caName())
		config.Data = map[string]string{caFile: string(s.CA)}
		all = append(all, config)
	}
	return all
}

func (s Spec) configMap(name string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: s.meta(name),
		Immutable:  new(true),
	}
}

// RegistrySecret returns the Secret with the credentials, or nil if the Job needs none or uses an
// existing one. The Secret of a CronJob can be changed, because a password may change and the plan not.
func (s Spec) RegistrySecret() *corev1.Secret {
	if s.Secret != "" || len(s.DockerConfig) == 0 {
		return nil
	}
	return &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: s.meta(s.secretName()),
		Type:       corev1.SecretTypeDockerConfigJson,
		Data:       map[string][]byte{corev1.DockerConfigJsonKey: s.DockerConfig},
		Immutable:  new(s.Schedule == ""),
	}
}

// Objects returns all objects in the order in which they are applied, for files that others apply: a
// Job that is not suspended and has no owner references. A Secret is not among them.
func (s Spec) Objects() []runtime.Object {
	var all []runtime.Object
	for _, config := range s.ConfigMaps() {
		all = append(all, config)
	}
	if s.Schedule != "" {
		return append(all, s.CronJob())
	}
	job := s.Job()
	job.Spec.Suspend = nil
	return append(all, job)
}

func (s Spec) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: s.Namespace, Name: name, Labels: s.Labels(), Annotations: s.annotations()}
}
