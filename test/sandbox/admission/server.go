// Package admission is a webhook with the rules that KKP's own has for KubermaticConfigurations, Seeds and
// ApplicationDefinitions, as far as they matter to whoever changes registries and datacenters. It knows rules, and how API servers ask for them; not who asks.
package admission

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/pki"
)

const (
	configurationPath = "/validate-kubermatic-k8c-io-v1-kubermaticconfiguration"
	seedPath          = "/validate-kubermatic-k8c-io-v1-seed"
	definitionPath    = "/validate-application-definition"
	readTimeout       = 10 * time.Second
)

// Server answers API servers over TLS.
type Server struct {
	// URL is where it is reached, and CA is the authority, PEM, that signed its certificate.
	URL string
	CA  []byte

	server *http.Server
}

// Serve starts a server on a free port of loopback. kubernetes is the version of Kubernetes that the KKP release has for a
// default, installation what Seeds have to fit into.
func Serve(kubernetes string, installation Installation) (*Server, error) {
	authority, err := pki.NewAuthority("kubermatic-webhook")
	if err != nil {
		return nil, err
	}
	pair, err := authority.Server()
	if err != nil {
		return nil, err
	}
	certificate, err := tls.X509KeyPair(pair.Certificate, pair.Key)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}

	mux := http.NewServeMux()
	mux.Handle("POST "+configurationPath, handler(func(_ context.Context, request *admissionv1.AdmissionRequest) (field.ErrorList, error) {
		return reviewConfiguration(request, kubernetes)
	}))
	mux.Handle("POST "+seedPath, handler(func(ctx context.Context, request *admissionv1.AdmissionRequest) (field.ErrorList, error) {
		return reviewSeed(ctx, request, installation)
	}))
	mux.Handle("POST "+definitionPath, handler(func(_ context.Context, request *admissionv1.AdmissionRequest) (field.ErrorList, error) {
		return reviewDefinition(request)
	}))
	server := &Server{
		URL: "https://" + listener.Addr().String(), CA: authority.PEM,
		server: &http.Server{Handler: mux, ReadTimeout: readTimeout},
	}
	secured := tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
	go func() {
		if err := server.server.Serve(secured); !errors.Is(err, http.ErrServerClosed) {
			log.Printf("webhook %s: %v", server.URL, err)
		}
	}()

	return server, nil
}

// Stop ends the server at once.
func (s *Server) Stop() {
	if err := s.server.Close(); err != nil {
		log.Printf("stopping the webhook %s: %v", s.URL, err)
	}
}

func reviewConfiguration(request *admissionv1.AdmissionRequest, kubernetes string) (field.ErrorList, error) {
	configuration := &Configuration{}
	if err := json.Unmarshal(request.Object.Raw, configuration); err != nil {
		return nil, err
	}

	return configuration.Validate(kubernetes), nil
}

func reviewDefinition(request *admissionv1.AdmissionRequest) (field.ErrorList, error) {
	definition := &Definition{}
	if err := json.Unmarshal(request.Object.Raw, definition); err != nil {
		return nil, err
	}

	return definition.Validate(), nil
}

func reviewSeed(ctx context.Context, request *admissionv1.AdmissionRequest, installation Installation) (field.ErrorList, error) {
	seed, raw := Seed{}, request.Object.Raw
	if request.Operation == admissionv1.Delete {
		raw = request.OldObject.Raw
	}
	if err := json.Unmarshal(raw, &seed); err != nil {
		return nil, err
	}
	if request.Operation == admissionv1.Delete {
		return seed.ValidateDelete(ctx, installation)
	}

	return seed.Validate(ctx, installation)
}

// handler answers a review with what is found; an error counts as a reason to refuse, too.
type handler func(ctx context.Context, request *admissionv1.AdmissionRequest) (field.ErrorList, error)

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	review := &admissionv1.AdmissionReview{}
	err := json.NewDecoder(r.Body).Decode(review)
	if err == nil && review.Request == nil {
		err = errors.New("no request")
	}
	if err != nil {
		http.Error(w, fmt.Sprintf("this is no admission review: %v", err), http.StatusBadRequest)
		return
	}

	found, err := h(r.Context(), review.Request)
	if err == nil && len(found) > 0 {
		err = found.ToAggregate()
	}
	review.Response = &admissionv1.AdmissionResponse{UID: review.Request.UID, Allowed: err == nil}
	if err != nil {
		review.Response.Result = &metav1.Status{
			Status: metav1.StatusFailure, Code: http.StatusForbidden, Reason: metav1.StatusReasonForbidden, Message: err.Error(),
		}
	}
	review.Request = nil
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(review); err != nil {
		log.Printf("answering a review: %v", err)
	}
}
