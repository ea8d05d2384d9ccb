package bounded

// Text returns a text of at most so many characters. A longer text is cut, and " …" is added.
func Text(text string, most int) string {
	if characters := []rune(text); len(characters) > most {
		return string(characters[:most]) + " …"
	}
	return text
}
