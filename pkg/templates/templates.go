// Package templates has harmless forms of functions of sprig, for templates that others wrote:
// functions that read this machine, the clock or random numbers, or take much time, return
// nothing or always the same. It must not know whose templates they are.
package templates

import (
	"text/template"
	"time"
)

// Tamed are functions of sprig that do less here: no image and no download depends on them.
func Tamed() template.FuncMap {
	functions := template.FuncMap{
		"now":     func() time.Time { return time.Unix(0, 0).UTC() },
		"randInt": func(low, _ int) int { return low },
		"shuffle": func(text string) string { return text },
	}
	for _, name := range []string{"env", "expandenv"} {
		functions[name] = func(string) string { return "" }
	}
	for _, name := range []string{
		"getHostByName", "bcrypt", "htpasswd", "genPrivateKey", "derivePassword", "encryptAES", "decryptAES",
		"randAlphaNum", "randAlpha", "randAscii", "randNumeric", "randBytes", "uuidv4",
	} {
		functions[name] = func(...any) string { return "0" }
	}
	for _, name := range []string{
		"buildCustomCert", "genCA", "genCAWithKey", "genSelfSignedCert", "genSelfSignedCertWithKey", "genSignedCert", "genSignedCertWithKey",
	} {
		functions[name] = func(...any) certificate { return certificate{} }
	}
	return functions
}

// certificate has the fields of sprig's certificates.
type certificate struct{ Cert, Key string }
