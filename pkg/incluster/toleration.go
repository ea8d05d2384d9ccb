package incluster

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// ParseToleration reads a toleration in the form of a taint, KEY[=VALUE][:EFFECT], as `kubectl taint`
// takes taints. Without an effect, all effects are tolerated. The key * tolerates every taint.
func ParseToleration(text string) (corev1.Toleration, error) {
	taint, effect, _ := strings.Cut(text, ":")
	key, value, equal := strings.Cut(taint, "=")
	toleration := corev1.Toleration{Key: key, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffect(effect)}
	if equal {
		toleration.Operator, toleration.Value = corev1.TolerationOpEqual, value
	}
	if key == "*" && !equal {
		toleration.Key = ""
	}
	switch toleration.Effect {
	case "", corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute:
	default:
		return corev1.Toleration{}, fmt.Errorf("%q: the effect %q is not NoSchedule, PreferNoSchedule or NoExecute", text, effect)
	}
	if key == "" {
		return corev1.Toleration{}, fmt.Errorf("%q: write KEY[=VALUE][:EFFECT], such as dedicated=mirror:NoSchedule", text)
	}
	return toleration, nil
}
