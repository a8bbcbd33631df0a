// Package relayd runs a relay from its configuration file. Both commands use
// it: crossband-relay, which can do nothing else, and crossband.
package relayd

import (
	"errors"
	"fmt"
	"net"
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
	text, err := os.ReadFile(path)
	if err != nil {
		return c, err // it names the file
	}
	meta, err := toml.Decode(string(text), &c)
	if err != nil {
		return c, DecodeError(path, err)
	}
	wrong := func(key toml.Key, nth int, format string, args ...any) (Config, error) {
		why := fmt.Sprintf(format, args...)
		if line := LineOf(string(text), key, nth); line > 0 {
			return c, fmt.Errorf("%s: line %d: %s", path, line, why)
		}
		return c, fmt.Errorf("%s: %s", path, why)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return wrong(unknown[0], 0, "unknown key %q; known are identity, listen, charters and [[peer]] with agency and address", unknown[0])
	}
	if c.Identity == "" || c.Listen == "" {
		return c, fmt.Errorf("%s: identity and listen are required", path)
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return wrong(toml.Key{"listen"}, 0, "listen: want HOST:PORT or :PORT: %v", err)
	}
	seen := make(map[string]bool)
	for i, p := range c.Peers {
		if _, err := proto.ParseAgency(p.Agency); err != nil {
			return wrong(toml.Key{"peer", "agency"}, i, "peer: %v", err)
		}
		if seen[p.Agency] {
			return wrong(toml.Key{"peer", "agency"}, i, "peer %s is there twice", p.Agency)
		}
		seen[p.Agency] = true
		if _, _, err := net.SplitHostPort(p.Address); p.Address != "" && err != nil {
			return wrong(toml.Key{"peer", "address"}, i, "peer %s: address: want HOST:PORT: %v", p.Agency, err)
		}
	}
	c.Identity = beside(path, c.Identity)
	if c.Charters != "" {
		c.Charters = beside(path, c.Charters)
	}
	return c, nil
}

// DecodeError puts file and line first, whichever way the decoder tells them.
func DecodeError(path string, err error) error {
	if p := (toml.ParseError{}); errors.As(err, &p) {
		return fmt.Errorf("%s: line %d: %s", path, p.Position.Line, p.Message)
	}
	var line int
	var key string
	if _, serr := fmt.Sscanf(err.Error(), "toml: line %d (last key %q):", &line, &key); serr == nil {
		_, why, _ := strings.Cut(err.Error(), "): ")
		return fmt.Errorf("%s: line %d: %s: %s", path, line, key, why)
	}
	return fmt.Errorf("%s: %w", path, err)
}

// LineOf finds the line of a key, in the nth table of its name; 0 if it is not
// written on a line of its own.
func LineOf(text string, key toml.Key, nth int) int {
	table, name := strings.Join(key[:len(key)-1], "."), key[len(key)-1]
	in, line, tables := "", 0, 0
	for l := range strings.Lines(text) {
		line++
		l = strings.TrimSpace(l)
		if strings.HasPrefix(l, "[") {
			in = strings.Trim(strings.TrimRight(l, " "), "[] ")
			if in == table {
				tables++
			}
			if in == key.String() {
				return line
			}
			continue
		}
		k, _, ok := strings.Cut(l, "=")
		if ok && in == table && (table == "" || tables > nth) && strings.Trim(k, ` "'`) == name {
			return line
		}
	}
	return 0
}

func beside(file, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(file), path)
}

// below is the way back from beside.
func below(file, path string) string {
	if rel, err := filepath.Rel(filepath.Dir(file), path); err == nil && filepath.IsLocal(rel) && path != "" {
		return rel
	}
	return path
}

// Save writes a configuration file that Load reads back. Paths below the
// file's folder are written relative to it.
func (c Config) Save(path string) error {
	c.Identity, c.Charters = below(path, c.Identity), below(path, c.Charters)
	var b strings.Builder
	b.WriteString("# Crossband relay. docs/OPERATING.md explains every key.\n")
	if err := toml.NewEncoder(&b).Encode(c); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(b.String()), 0o600)
}
