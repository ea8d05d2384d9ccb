package incluster

import (
	"strconv"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// OwnedByJob returns the names of the ConfigMaps and the Secret that were made for a Job, of those that its
// pods mount. Only names that this package gives are among them: whoever may create Jobs can give a Job
// the labels of this package, and let its pods mount a Secret of others.
func OwnedByJob(job *batchv1.Job) (configMaps, secrets []string) {
	return mounted(job.Spec.Template.Spec, func(name string) bool { return name == job.Name && isName(name) })
}

// OwnedByCronJob returns the names of the ConfigMaps and the Secret that were made for a CronJob, like
// OwnedByJob.
func OwnedByCronJob(cron *batchv1.CronJob) (configMaps, secrets []string) {
	return mounted(cron.Spec.JobTemplate.Spec.Template.Spec, func(name string) bool {
		hash, ok := strings.CutPrefix(name, cron.Name+"-")
		return ok && isName(cron.Name) && isShortHash(hash)
	})
}

// mounted returns the ConfigMaps and the Secrets of the volumes of a pod whose names begin with the name
// of a Secret that was made: the name itself, or the name with the ending of a ConfigMap.
func mounted(pod corev1.PodSpec, made func(name string) bool) (configMaps, secrets []string) {
	addConfigMap := func(name string) {
		if made(withoutEnding(name)) {
			configMaps = append(configMaps, name)
		}
	}
	for _, volume := range pod.Volumes {
		switch {
		case volume.Projected != nil:
			for _, source := range volume.Projected.Sources {
				if source.ConfigMap != nil {
					addConfigMap(source.ConfigMap.Name)
				}
			}
		case volume.ConfigMap != nil:
			addConfigMap(volume.ConfigMap.Name)
		case volume.Secret != nil && made(volume.Secret.SecretName):
			secrets = append(secrets, volume.Secret.SecretName)
		}
	}
	return configMaps, secrets
}

// withoutEnding returns what the name of a ConfigMap has before "-ca" or "-plan-N", or "" for another name.
func withoutEnding(name string) string {
	if first, ok := strings.CutSuffix(name, caEnding); ok {
		return first
	}
	first, part, _ := strings.Cut(name, planEnding)
	if n, err := strconv.Atoi(part); err != nil || strconv.Itoa(n) != part {
		return ""
	}
	return first
}

// isName reports whether a name has the form of Spec.Name.
func isName(name string) bool {
	hash, ok := strings.CutPrefix(name, appName+"-")
	return ok && isShortHash(hash)
}

// isShortHash reports whether text has the form of shortHash.
func isShortHash(text string) bool {
	return len(text) == shortDigits && strings.Trim(text, "0123456789abcdef") == ""
}
