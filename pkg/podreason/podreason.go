// Package podreason has the words with which Kubernetes says why a container waits. It must not know
// clients, KKP, or what runs in the containers.
package podreason

// IsStart reports whether a container waits because its pod is about to start (kubernetes
// pkg/kubelet/kubelet_pods.go, v1.36).
func IsStart(reason string) bool {
	return reason == "ContainerCreating" || reason == "PodInitializing"
}

// IsPull reports whether a container waits for an image that cannot be pulled (kubernetes
// pkg/kubelet/images/types.go and k8s.io/cri-api/pkg/errors, v1.36).
func IsPull(reason string) bool {
	switch reason {
	case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed":
		return true
	default:
		return false
	}
}

// WithMessage returns a reason and its message, "ErrImagePull: not found", or the reason alone.
func WithMessage(reason, message string) string {
	if message == "" {
		return reason
	}
	return reason + ": " + message
}
