// Package version says what was built.
package version

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"crossband/cmd/internal/fips"
	"crossband/proto"
)

// Number is the release that this source becomes.
const Number = "0.1.0-dev"

// Info is what `crossband version --json` prints.
type Info struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Go       string `json:"go"`
	Protocol string `json:"protocol"`
	Lowest   int    `json:"protocol_floor"`
	Highest  int    `json:"protocol_highest"`
	FIPS     bool   `json:"fips140"`
	Module   string `json:"fips140_module"`
	Mode     string `json:"fips140_mode"`            // off, on or only
	Build    string `json:"fips140_build,omitempty"` // GOFIPS140 of the build
}

// Read returns what the running program is.
func Read() Info {
	f := fips.Read()
	i := Info{
		Version: Number, Go: runtime.Version(), Protocol: proto.ALPN, Lowest: proto.VersionMin, Highest: proto.VersionMax,
		FIPS: f.Mode != "off", Module: f.Module, Mode: f.Mode, Build: f.Build,
	}
	if b, ok := debug.ReadBuildInfo(); ok {
		for _, s := range b.Settings {
			if s.Key == "vcs.revision" {
				i.Revision = s.Value
			}
		}
	}
	return i
}

// String returns one line for the other side's administrator.
func String() string {
	i := Read()
	return fmt.Sprintf("crossband %s (%s)", i.Version, i.Go)
}
