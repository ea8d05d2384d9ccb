package main

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// The credentials of registries that are like others.
const (
	robot, robotSecret = "robot$mirror", "s3cret"
	awsUser, awsToken  = "AWS", "twelve-hours"
)

// repositoryOf returns the repository of a request, "" if it is of none.
func repositoryOf(r *http.Request) string {
	path := strings.TrimPrefix(r.URL.Path, "/v2/")
	for _, part := range []string{"/blobs/", "/manifests/", "/referrers/", "/tags/"} {
		if name, _, found := strings.Cut(path, part); found {
			return name
		}
	}
	return ""
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"errors":[{"code":%q,"message":%q}]}`, code, message)
}

// likeHarbor asks for tokens as Harbor does, whose only project is mirror:
//   - 401 with a challenge that names the repository, and code UNAUTHORIZED with "project … not
//     found" for a project that does not exist, also with a token
//     (goharbor/harbor src/server/middleware/v2auth/auth.go, check and Middleware);
//   - a token is for the scopes that were asked for, and has no actions in a project that does
//     not exist (src/core/service/token/creator.go, repositoryFilter);
//   - robot accounts have $ in their names (src/pkg/robot, robot_name_prefix).
func likeHarbor(next http.Handler) http.Handler {
	const project = "mirror"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/service/token" {
			if user, password, _ := r.BasicAuth(); user != robot || password != robotSecret {
				refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "unauthorized")
				return
			}
			granted := base64.RawURLEncoding.EncodeToString([]byte(strings.Join(r.URL.Query()["scope"], " ")))
			fmt.Fprintf(w, `{"token":"t.%s","expires_in":1800}`, granted)
			return
		}
		name := repositoryOf(r)
		authorization := r.Header.Get("Authorization")
		if authorization == "" {
			challenge := fmt.Sprintf(`Bearer realm="http://%s/service/token",service="harbor-registry"`, r.Host)
			if name != "" {
				challenge += fmt.Sprintf(`,scope="repository:%s:pull,push"`, name)
			}
			w.Header().Set("Www-Authenticate", challenge)
			refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "unauthorized to access repository: "+name+", action: push")
			return
		}
		scopes, _ := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(authorization, "Bearer t."))
		switch wanted, _, _ := strings.Cut(name, "/"); {
		case name != "" && wanted != project:
			refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", fmt.Sprintf("project %s not found", wanted))
		case name != "" && !strings.Contains(string(scopes), "repository:"+name+":"):
			refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "unauthorized to access repository: "+name+", action: push")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// likeECR asks for the user AWS with a token, and has what Amazon ECR has:
//   - repositories must exist: 404 NAME_UNKNOWN (Amazon ECR API reference, RepositoryNotFoundException);
//   - tags are immutable: 400 TAG_INVALID (user guide "Image tag mutability"; the text is quoted in
//     vmware-tanzu/carvel-imgpkg, which looks for "immutable");
//   - tokens last 12 hours: after that 403 "Your authorization token has expired. Reauthenticate and
//     try again." (API reference, GetAuthorizationToken; user guide "Private registry authentication").
func likeECR(next http.Handler, repositories ...string) http.Handler {
	var mutex sync.Mutex
	tags := map[string]bool{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, ok := r.BasicAuth()
		name := repositoryOf(r)
		_, tag, tagged := strings.Cut(r.URL.Path, "/manifests/")
		tagged = tagged && r.Method == http.MethodPut && !strings.HasPrefix(tag, "sha256:")
		mutex.Lock()
		taken := tagged && tags[name+":"+tag]
		mutex.Unlock()
		switch {
		case !ok || user != awsUser:
			w.Header().Set("Www-Authenticate", fmt.Sprintf(`Basic realm="http://%s/",service="ecr.amazonaws.com"`, r.Host))
			refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "Not Authorized")
		case password != awsToken:
			refuse(w, http.StatusForbidden, "DENIED", "Your authorization token has expired. Reauthenticate and try again.")
		case name != "" && !slices.Contains(repositories, name):
			refuse(w, http.StatusNotFound, "NAME_UNKNOWN",
				fmt.Sprintf("The repository with name '%s' does not exist in the registry with id '123456789012'", name))
		case taken:
			refuse(w, http.StatusBadRequest, "TAG_INVALID",
				fmt.Sprintf("The image tag '%s' already exists in the '%s' repository and cannot be overwritten because the repository is immutable.", tag, name))
		default:
			answer := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
			next.ServeHTTP(answer, r)
			if tagged && answer.status == http.StatusCreated {
				mutex.Lock()
				tags[name+":"+tag] = true
				mutex.Unlock()
			}
		}
	})
}

// statusRecorder remembers the status of an answer.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}
