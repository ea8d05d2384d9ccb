package mask

import (
	"slices"
	"strings"
	"unicode"
)

// secretName reports whether the name of a field means that its value is a credential: its
// last word is secret, password, token, key or a similar word, as in issuerClientSecret,
// serviceAccountKey, AWS_SECRET_ACCESS_KEY; or one of its words is password, as in
// passwordHash.
//
// The last word can also mark a reference to a secret or a property of it: secretName,
// keyFile, tokenTTL, passwordSecretRef. Likewise, a word before key can name a key that is
// not a credential: topologyKey, publicKey. key alone is usually a key of a map.
func secretName(name string) bool {
	words := wordsOf(name)
	for len(words) > 1 && slices.Contains([]string{"value", "values", "data", "string", "text", "content", "plain"}, words[len(words)-1]) {
		words = words[:len(words)-1]
	}
	if len(words) == 0 || isProperty(words[len(words)-1]) {
		return false
	}
	last, before := words[len(words)-1], ""
	if len(words) > 1 {
		before = words[len(words)-2]
	}
	switch last {
	case "key", "keys":
		return before != "" && !slices.Contains([]string{"public", "topology", "label", "labels", "annotation", "annotations", "map", "sort", "field", "selector"}, before)
	case "secrets", "tokens", "credential", "credentials", "apikey", "apikeys", "auth", "dockerconfigjson", "dockercfg":
		return true
	case "id": // of Vault's AppRole
		return before == "secret"
	}
	return slices.ContainsFunc(words, isPassword) || slices.ContainsFunc([]string{"password", "secret", "token"}, func(end string) bool { return strings.HasSuffix(last, end) })
}

func isPassword(word string) bool {
	return slices.Contains([]string{"password", "passwords", "passwd", "passphrase"}, word)
}

// isProperty reports whether a last word marks a reference to a secret or a property of it.
func isProperty(word string) bool {
	return slices.Contains([]string{
		"name", "names", "ref", "refs", "reference", "references", "namespace", "file", "files", "path", "paths", "dir", "directory", "type", "kind",
		"size", "length", "algorithm", "ttl", "expiration", "expiry", "lifetime", "seconds", "duration", "interval", "url", "uri", "endpoint", "mode",
		"issuer", "audience", "policy", "enabled", "disabled", "required", "optional", "selector", "projection", "annotations", "labels", "store", "class",
		"count", "limit",
	}, word)
}

// isReference reports whether a field in an object with the name of a credential only
// refers to the secret, as in {name, key} or in a volume.
func isReference(key string) bool {
	words := wordsOf(key)
	return len(words) > 0 && isProperty(words[len(words)-1]) ||
		slices.Contains([]string{"key", "apiVersion", "apiGroup", "group", "items"}, key)
}

// wordsOf returns the words of a name in lower case: imagePullSecret and IMAGE_PULL_SECRET
// are image, pull, secret; oidcAPIToken is oidc, api, token.
func wordsOf(name string) []string {
	var words []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			words = append(words, strings.ToLower(string(word)))
		}
		word = nil
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			end()
			continue
		case unicode.IsUpper(r):
			follows := i > 0 && unicode.IsUpper(runes[i-1])
			begins := i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if !follows || begins {
				end()
			}
		}
		word = append(word, r)
	}
	end()
	return words
}
