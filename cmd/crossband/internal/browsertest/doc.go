// Package browsertest holds the tests of the pages in a real Chromium: agencies whose
// relays are processes on this machine, devices of every kind beside them, a console as
// it is delivered, and a browser with a microphone that is a file. driver.mjs asks the
// browser; what is looked for, and what is compared, stands in the Go tests.
//
//	npm ci --ignore-scripts                     # once, in this folder
//	go test ./cmd/crossband/internal/browsertest
//	go test ./cmd/crossband/internal/browsertest -pictures   # makes docs/pictures anew
//
// Without Chromium, node or the packages the tests are skipped.
package browsertest
