// Package relayd runs a relay from its configuration file. Both commands use
// it: crossband-relay, which can do nothing else, and crossband.
package relayd

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
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

	// Store is where the relay keeps what it must not lose: a file of an SQLite
	// database, which is made if need be, or the postgres:// address of a
	// PostgreSQL server. Default "relay.db".
	Store string `toml:"store,omitempty"`

	// StoreLimit bounds the store, in MiB; texts are refused when it is full.
	// Default 8192.
	StoreLimit int64 `toml:"store_limit,omitempty"`

	// Holds is a folder with a file for each channel under a legal hold, named
	// after the channel: nothing of it expires. Default "holds".
	Holds string `toml:"holds,omitempty"`

	// Retention says how long messages are kept.
	Retention Retention `toml:"retention,omitempty"`

	// FIPS asks for FIPS 140-3 mode: the relay does not start unless it is in
	// force. The key does not turn it on; GODEBUG=fips140=on or a build with
	// GOFIPS140 does.
	FIPS bool `toml:"fips,omitempty"`

	// Admin is the TCP address, such as "127.0.0.1:9464", on which the relay
	// shows its metrics, its health and its state, to whoever can reach it and
	// without a password. Empty means that it shows nothing.
	Admin string `toml:"admin,omitempty"`

	// AdminOpen lets Admin be an address that other machines can reach. It is
	// a key of its own so that a slip does not show the relay to a network.
	AdminOpen bool `toml:"admin_open,omitempty"`

	// Peers are the agencies whose relays this one links with. Any other is
	// refused, trusted or not.
	Peers []Peer `toml:"peer"`
}

// Retention is [retention] of the file. Each value is a number of days such as
// "400d", or a duration such as "36h"; "0" keeps for ever. Left out it is 400 days,
// for messages that wait for an absent hub 7 days.
type Retention struct {
	// Standing is for calling and standing channels.
	Standing string `toml:"standing,omitempty"`

	// Incident is for the channels of incidents, from each message on.
	Incident string `toml:"incident,omitempty"`

	// Waiting is for messages of own devices that no hub has taken: then they
	// go back to their senders.
	Waiting string `toml:"waiting,omitempty"`

	// Record is for incidents' records, from their newest entry on.
	Record string `toml:"record,omitempty"`
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
		return wrong(unknown[0], 0, "unknown key %q; known are identity, listen, charters, store, store_limit, holds, fips, admin, admin_open, [retention] with standing, incident, waiting and record, and [[peer]] with agency and address", unknown[0])
	}
	if c.Identity == "" || c.Listen == "" {
		return c, fmt.Errorf("%s: identity and listen are required", path)
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return wrong(toml.Key{"listen"}, 0, "listen: want HOST:PORT or :PORT: %v", err)
	}
	if c.StoreLimit < 0 {
		return wrong(toml.Key{"store_limit"}, 0, "store_limit: %d MiB", c.StoreLimit)
	}
	for key, value := range c.Retention.keys() {
		if _, err := parseDays(value, 0); err != nil {
			return wrong(toml.Key{"retention", key}, 0, "%s: %v", key, err)
		}
	}
	if err := checkAdmin(c.Admin, c.AdminOpen); err != nil {
		return wrong(toml.Key{"admin"}, 0, "admin: %v", err)
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
	c.Identity, c.Store, c.Holds = beside(path, c.Identity), storePath(path, c.Store), beside(path, cmp.Or(c.Holds, "holds"))
	if c.Charters != "" {
		c.Charters = beside(path, c.Charters)
	}
	return c, nil
}

// checkAdmin refuses an address that other machines can reach, unless it is
// meant. A host name counts as one: what it leads to may change.
func checkAdmin(address string, open bool) error {
	if address == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("want HOST:PORT: %w", err)
	}
	if ip, err := netip.ParseAddr(host); !open && (err != nil || !ip.IsLoopback()) {
		return fmt.Errorf("%s is not an address of this machine alone, such as 127.0.0.1; whoever can reach it sees the relay's state: if that is meant, set admin_open = true", address)
	}
	return nil
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
	c.Store, c.Holds = below(path, c.Store), below(path, c.Holds)
	var b strings.Builder
	b.WriteString("# Crossband relay. docs/OPERATING.md explains every key.\n")
	if err := toml.NewEncoder(&b).Encode(c); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(b.String()), 0o600)
}
