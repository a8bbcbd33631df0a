package main

import (
	"strings"
	"testing"
)

// TestWhatRunsARelay: it alone has its processors governed.
func TestWhatRunsARelay(t *testing.T) {
	for line, want := range map[string]bool{
		"relay run":                      true,
		"relay run --config relay.toml":  true,
		"--fips relay run":               true,
		"relay --fips run":               true,
		"":                               false,
		"relay":                          false,
		"relay hold --config run":        false,
		"hook run":                       false,
		"demo":                           false,
		"bench relay":                    false,
		"endpoint talk --text relay run": false,
	} {
		if got := runsRelay(strings.Fields(line)); got != want {
			t.Errorf("crossband %s: %v", line, got)
		}
	}
}
