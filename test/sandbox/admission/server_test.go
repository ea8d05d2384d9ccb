package admission

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// definition is an ApplicationDefinition with a chart.
func definition(url, switches string) string {
	return `{"spec": {"versions": [{"template": {"source": {"helm": {"url": "` + url + `", ` + switches + `}}}}, {}]}}`
}

func TestServer(t *testing.T) {
	server, err := Serve("1.35.7", fixed{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(server.CA)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	t.Cleanup(client.CloseIdleConnections)

	taken := `{"metadata": {"name": "one"}, "spec": {"datacenters": {"used": {"spec": {"aws": {}}}}}}`
	for _, test := range []struct {
		name, path  string
		operation   admissionv1.Operation
		object, old string
		refused     string
	}{
		{"a configuration", configurationPath, admissionv1.Update, `{"spec": {}}`, "", ""},
		{"a bad configuration", configurationPath, admissionv1.Create, `{"spec": {"api": {"dockerRepository": "a:1"}}}`, "", "spec.api.dockerRepository: Invalid value"},
		{"no configuration", configurationPath, admissionv1.Create, `{"spec": []}`, "", "cannot unmarshal"},
		{"a definition", definitionPath, admissionv1.Create, definition("oci://a", `"plainHTTP": true`), "", ""},
		{"a definition of KKP's operator", definitionPath, admissionv1.Update, definition("oci://a", `"plainHTTP": false, "insecure": true`), "", ""},
		{
			"a definition of KKP's operator without TLS", definitionPath, admissionv1.Update, definition("oci://a", `"plainHTTP": true, "insecure": false`), "",
			"spec.versions[0].template.source.helm.insecure: Forbidden: insecure flag can not be used with OCI URLs using HTTP",
		},
		{"a definition with https", definitionPath, admissionv1.Create, definition("https://a", `"plainHTTP": true`), "", "https URLs"},
		{"a definition with http", definitionPath, admissionv1.Create, definition("http://a", `"plainHTTP": false`), "", "http URLs"},
		{"a Seed", seedPath, admissionv1.Update, taken, taken, ""},
		{"a bad Seed", seedPath, admissionv1.Update, `{"metadata": {"name": "one"}}`, taken, `still in use by cluster "shop"`},
		{"a Seed that is deleted", seedPath, admissionv1.Delete, "", taken, `still in use by cluster "shop"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			review := admissionv1.AdmissionReview{Request: &admissionv1.AdmissionRequest{UID: "an-id", Operation: test.operation}}
			review.Request.Object, review.Request.OldObject = raw(test.object), raw(test.old)
			response := post(t, client, server.URL+test.path, review)
			message := ""
			if response.Result != nil {
				message = response.Result.Message
			}
			if response.UID != "an-id" || response.Allowed != (test.refused == "") || !strings.Contains(message, test.refused) {
				t.Errorf("%s: allowed is %t: %s", response.UID, response.Allowed, message)
			}
		})
	}

	response, err := client.Post(server.URL+seedPath, "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusBadRequest {
		t.Errorf("no review: %s", response.Status)
	}
}

// raw is an object in a request, or none.
func raw(text string) runtime.RawExtension {
	if text == "" {
		return runtime.RawExtension{}
	}

	return runtime.RawExtension{Raw: []byte(text)}
}

func post(t *testing.T, client *http.Client, url string, review admissionv1.AdmissionReview) *admissionv1.AdmissionResponse {
	t.Helper()
	body, err := json.Marshal(review)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	review = admissionv1.AdmissionReview{}
	if err := json.NewDecoder(answer.Body).Decode(&review); err != nil || review.Response == nil {
		t.Fatalf("%s: %v", answer.Status, err)
	}

	return review.Response
}
