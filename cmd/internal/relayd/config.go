// Package relayd runs a relay from its configuration file. Both commands use
// it: crossband-relay, which can do nothing else, and crossband.
package relayd

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"

	"crossband/proto"
)

// Config is a relay's configuration file, relay.toml. Paths are relative to
// the folder that the file is in. A key that is not listed here is refused.
type Config struct {
	// Identity is the folder with the relay's key and certificate. Its key
	// file must be readable by the relay's user only.
	Identity string `toml:"identity"`

	// Listen is the UDP address for links in and out, such as ":4433".
	Listen string `toml:"listen"`

	// Charters is a folder of signed charters (*.charter) to register at
	// start. The registrar registers them too; the folder lets a relay start
	// without it. Optional.
	Charters string `toml:"charters"`

	// Peers are the agencies whose relays this one links with. Any other is
	// refused, trusted or not.
	Peers []Peer `toml:"peer"`
}

// Peer is one [[peer]] of the file.
type Peer struct {
	// Agency is the partner's trust domain, such as "gn.example".
	Agency string `toml:"agency"`

	// Address is its relay's UDP address. Without it this relay waits to be
	// dialled.
	Address string `toml:"address"`
}

// FileName is what a relay's configuration is usually called.
const FileName = "relay.toml"

// Load reads and checks a configuration file. Errors name the file and, where
// there is one, the line.
func Load(path string) (Config, error) {
	var c Config
	meta, err := toml.DecodeFile(path, &c)
	if err != nil {
		if p, ok := err.(toml.ParseError); ok {
			return c, fmt.Errorf("%s: line %d: %s", path, p.Position.Line, p.Message)
		}
		return c, fmt.Errorf("%s: %w", path, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return c, fmt.Errorf("%s: unknown key %q; known are identity, listen, charters and [[peer]] with agency and address", path, unknown[0].String())
	}
	if c.Identity == "" || c.Listen == "" {
		return c, fmt.Errorf("%s: identity and listen are required", path)
	}
	for _, p := range c.Peers {
		if _, err := proto.ParseAgency(p.Agency); err != nil {
			return c, fmt.Errorf("%s: peer: %w", path, err)
		}
	}
	c.Identity = beside(path, c.Identity)
	if c.Charters != "" {
		c.Charters = beside(path, c.Charters)
	}
	return c, nil
}

func beside(file, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(file), path)
}

// Save writes a configuration file that Load reads back. Paths below the
// file's folder are written relative to it.
func (c Config) Save(path string) error {
	var b strings.Builder
	b.WriteString("# Crossband relay. docs/OPERATING.md explains every key.\n")
	if err := toml.NewEncoder(&b).Encode(c); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(b.String()), 0o600)
}
