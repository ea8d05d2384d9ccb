package httptransport

import "testing"

func TestOwnRealm(t *testing.T) {
	challenge := func(realm string) string { return `Bearer realm="` + realm + `",service="s"` }
	tests := []struct {
		registry, scheme, realm string
		want                    string // the realm that go-containerregistry receives
	}{
		{"10.0.0.1:5050", "https", "https://10.0.0.1/jwt/auth?a=b", "https://10.0.0.1:5050/kkp-mirror/token?a=b"},
		{"127.0.0.1:5000", "http", "http://127.0.0.1:5001/token", "http://127.0.0.1:5000/kkp-mirror/token"},
		{"10.0.0.1:5050", "https", "http://10.0.0.1/auth", "http://10.0.0.1/auth"},
		{"10.0.0.1", "https", "https://10.0.0.1/auth", "https://10.0.0.1/auth"},
		{"10.0.0.1", "https", "https://169.254.169.254/x", "https://169.254.169.254/x"},
		{"10.0.0.1", "https", "https://auth.example.com/x", "https://auth.example.com/x"},
		{"quay.example.com", "https", "https://10.0.0.1/x", "https://10.0.0.1/x"},
	}
	for _, tt := range tests {
		realm, got := ownRealm(tt.registry, tt.scheme, challenge(tt.realm))
		if got != challenge(tt.want) || (realm != nil) != (tt.realm != tt.want) || (realm != nil && realm.String() != tt.realm) {
			t.Errorf("%s at %s: got %s and %v", tt.realm, tt.registry, got, realm)
		}
	}
}
