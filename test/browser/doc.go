// Package browser tests the pages to review in a real browser. It is a module of its own, so that
// the plugin does not depend on the client of the browser.
package browser
