package admission

import (
	"fmt"
	"slices"
	"strings"

	"github.com/distribution/reference"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/util/version"
)

// Configuration is the part of a KubermaticConfiguration that is looked at.
type Configuration struct {
	Spec struct {
		API              repository `json:"api"`
		UI               repository `json:"ui"`
		MasterController repository `json:"masterController"`
		SeedController   repository `json:"seedController"`
		Webhook          repository `json:"webhook"`
		UserCluster      struct {
			Addons                         repository `json:"addons"`
			KubermaticDockerRepository     string     `json:"kubermaticDockerRepository"`
			DNATControllerDockerRepository string     `json:"dnatControllerDockerRepository"`
			EtcdLauncherDockerRepository   string     `json:"etcdLauncherDockerRepository"`
		} `json:"userCluster"`
		VerticalPodAutoscaler struct {
			Recommender         repository `json:"recommender"`
			Updater             repository `json:"updater"`
			AdmissionController repository `json:"admissionController"`
		} `json:"verticalPodAutoscaler"`
		MirrorImages []string `json:"mirrorImages"`
		Versions     versions `json:"versions"`
	} `json:"spec"`
}

type repository struct {
	DockerRepository string `json:"dockerRepository"`
}

// versions are the versions of Kubernetes that user clusters may have. KKP has a list of its own, and a default, for a
// configuration that gives none.
type versions struct {
	Versions []string `json:"versions"`
	Default  string   `json:"default"`
}

// Validate returns what KKP would refuse. kubernetes is the version that KKP takes for the default where the
// configuration gives none.
func (c *Configuration) Validate(kubernetes string) field.ErrorList {
	spec := field.NewPath("spec")
	errs := c.validateRepositories(spec)
	errs = append(errs, validateMirrorImages(spec.Child("mirrorImages"), c.Spec.MirrorImages)...)

	return append(errs, c.Spec.Versions.validate(spec.Child("versions"), kubernetes)...)
}

// validateRepositories looks at the fields that KKP completes with a tag. Without a path, the port of a registry is taken
// for one.
func (c *Configuration) validateRepositories(spec *field.Path) field.ErrorList {
	user, scaler := c.Spec.UserCluster, c.Spec.VerticalPodAutoscaler
	var errs field.ErrorList
	for _, entry := range []struct{ path, value string }{
		{"api.dockerRepository", c.Spec.API.DockerRepository},
		{"ui.dockerRepository", c.Spec.UI.DockerRepository},
		{"masterController.dockerRepository", c.Spec.MasterController.DockerRepository},
		{"seedController.dockerRepository", c.Spec.SeedController.DockerRepository},
		{"webhook.dockerRepository", c.Spec.Webhook.DockerRepository},
		{"userCluster.kubermaticDockerRepository", user.KubermaticDockerRepository},
		{"userCluster.dnatControllerDockerRepository", user.DNATControllerDockerRepository},
		{"userCluster.etcdLauncherDockerRepository", user.EtcdLauncherDockerRepository},
		{"userCluster.addons.dockerRepository", user.Addons.DockerRepository},
		{"verticalPodAutoscaler.recommender.dockerRepository", scaler.Recommender.DockerRepository},
		{"verticalPodAutoscaler.updater.dockerRepository", scaler.Updater.DockerRepository},
		{"verticalPodAutoscaler.admissionController.dockerRepository", scaler.AdmissionController.DockerRepository},
	} {
		if problem := repositoryProblem(entry.path, entry.value); problem != "" {
			errs = append(errs, field.Invalid(spec.Child(entry.path), entry.value, problem))
		}
	}

	return errs
}

func repositoryProblem(path, value string) string {
	if value == "" {
		return ""
	}
	ref, err := reference.Parse(value)
	if err != nil {
		return "it is no Docker repository: " + err.Error()
	}
	if _, ok := ref.(reference.Tagged); ok {
		return fmt.Sprintf("it is not allowed to specify an image tag for the %s repository", path)
	}

	return ""
}

func validateMirrorImages(path *field.Path, images []string) field.ErrorList {
	var errs field.ErrorList
	for i, image := range images {
		ref, err := reference.Parse(image)
		if err != nil {
			errs = append(errs, field.Invalid(path.Index(i), image, "invalid image reference: "+err.Error()))
			continue
		}
		if _, ok := ref.(reference.NamedTagged); !ok {
			errs = append(errs, field.Invalid(path.Index(i), image, "image reference must include a tag"))
		}
	}

	return errs
}

// validate looks at a list that the configuration gives. KKP's own needs no look.
func (v versions) validate(path *field.Path, kubernetes string) field.ErrorList {
	if len(v.Versions) == 0 {
		return nil
	}
	if v.Default == "" {
		v.Default = kubernetes
	}
	var errs field.ErrorList
	minors := map[uint]bool{}
	offered := false
	for i, text := range v.Versions {
		parsed, err := version.ParseSemantic(text)
		if err != nil {
			errs = append(errs, field.Invalid(path.Child("versions").Index(i), text, err.Error()))
			continue
		}
		minors[parsed.Minor()] = true
		offered = offered || strings.TrimPrefix(text, "v") == strings.TrimPrefix(v.Default, "v")
	}
	if !offered {
		errs = append(errs, field.Invalid(path.Child("default"), v.Default, "default version is not listed in the list of supported versions"))
	}
	if missing := gaps(minors); len(missing) > 0 {
		problem := fmt.Sprintf("no versions for the minor releases %s configured, cannot have gaps", strings.Join(missing, ", "))
		errs = append(errs, field.Invalid(path.Child("versions"), v.Versions, problem))
	}

	return errs
}

// gaps returns the minor versions between the lowest and the highest that are not there.
func gaps(minors map[uint]bool) []string {
	var present []uint
	for minor := range minors {
		present = append(present, minor)
	}
	if len(present) == 0 {
		return nil
	}
	var missing []string
	for minor := slices.Min(present); minor < slices.Max(present); minor++ {
		if !minors[minor] {
			missing = append(missing, fmt.Sprintf("v1.%d", minor))
		}
	}

	return missing
}
