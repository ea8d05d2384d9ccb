package apiserver

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apiserver/pkg/endpoints/handlers/negotiation"
	"k8s.io/apiserver/pkg/endpoints/handlers/responsewriters"
	"k8s.io/client-go/kubernetes/scheme"
)

// standIn begins the paths of requests to user clusters for which an API server stands in: "/standin/NAME/api/v1/pods".
const standIn = "/standin/"

// StandInPath is the path of the API of a user cluster for which an API server stands in. It has the pods of that user
// cluster, and otherwise the objects of the API server.
func StandInPath(cluster string) string { return standIn + cluster }

// UserPods are the pods of a user cluster for which an API server stands in, ordered by namespace and name.
type UserPods func(cluster string) []corev1.Pod

// clusterKey is the key for the name of the user cluster in the context of a request.
type clusterKey struct{}

// toStandIn returns a request as one to the API server itself, and the name of the user cluster that it is for, "" for none.
func toStandIn(request *http.Request) (*http.Request, string) {
	rest, found := strings.CutPrefix(request.URL.Path, standIn)
	cluster, path, complete := strings.Cut(rest, "/")
	if !found || !complete {
		return request, ""
	}
	request = request.Clone(context.WithValue(request.Context(), clusterKey{}, cluster))
	request.URL.Path, request.URL.RawPath = "/"+path, ""

	return request, cluster
}

// answer puts the pods of user clusters in the place of those of the API server. Who may list pods there is decided before.
func (pods UserPods) answer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		cluster, _ := request.Context().Value(clusterKey{}).(string)
		if cluster == "" || request.Method != http.MethodGet || request.URL.Path != "/api/v1/pods" {
			next.ServeHTTP(w, request)
			return
		}
		list := page(pods(cluster), request.URL.Query().Get("limit"), request.URL.Query().Get("continue"))
		responsewriters.WriteObjectNegotiated(scheme.Codecs, negotiation.DefaultEndpointRestrictions, corev1.SchemeGroupVersion, w, request, http.StatusOK, list, false)
	})
}

// page is a page of a list. The token of a page is the number of pods before it.
func page(pods []corev1.Pod, limit, token string) *corev1.PodList {
	most, _ := strconv.Atoi(limit)
	start, _ := strconv.Atoi(token)
	start = min(max(start, 0), len(pods))
	end := min(start+cmp.Or(most, len(pods)), len(pods))
	list := &corev1.PodList{Items: pods[start:end]}
	list.ResourceVersion = "1"
	if end < len(pods) {
		list.Continue = strconv.Itoa(end)
	}

	return list
}
