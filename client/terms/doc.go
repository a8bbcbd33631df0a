// Package terms says what an agreement between agencies allows, in plain sentences in
// English, Spanish and French: for who is about to sign it, and for who works under it.
// Command line and console show the same lines.
//
// The package is pure. What the agreement's authors wrote is made inert.
package terms
