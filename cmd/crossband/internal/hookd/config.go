// Package hookd is an enrolled endpoint that hails for automated systems: it
// reads hook.toml, takes alerts in over HTTPS (relay/hook), and says them in words
// of the phrasebook on a calling channel.
package hookd

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/BurntSushi/toml"

	"crossband/client/phrase"
	"crossband/cmd/internal/relayd"
	"crossband/proto"
	"crossband/relay/hook"
)

// Config is hook.toml. Paths are relative to the folder that the file is in. A
// key that is not listed here is refused.
type Config struct {
	// Listen is the TCP address that sources post to, such as ":8443". Without a
	// certificate it must be an address of this machine alone.
	Listen string `toml:"listen"`

	// Certificate and Key are PEM files for HTTPS, read again when they change.
	// The key must be readable by its owner only.
	Certificate string `toml:"certificate"`
	Key         string `toml:"key"`

	// Journal is the file that keeps what was accepted. Default "hook.db".
	Journal string `toml:"journal"`

	// Channel is the title of the calling channel, or the beginning of its
	// identifier. It may be left out when the device has one only.
	Channel string `toml:"channel"`

	// Sources are the systems that may send.
	Sources []Source `toml:"source"`
}

// Source is one [[source]] of the file.
type Source struct {
	// Name is the end of the address that it posts to, /in/NAME.
	Name string `toml:"name"`

	// Secrets are files with a whsec_ secret each, readable by their owner only.
	// While a secret is replaced there are two.
	Secrets []string `toml:"secrets"`

	// Formats are what it may send: cap, cot, cloudevents, cloudevents-binary,
	// event, alertmanager, incidents.
	Formats []string `toml:"formats"`

	// To is the desk that is hailed: desk/LABEL@AGENCY.
	To string `toml:"to"`

	// Phrase is what is said of an alert that Phrases does not name.
	Phrase string `toml:"phrase"`

	// Phrases says what is said of an event, by its name or one of its codes.
	Phrases map[string]string `toml:"phrases"`

	// Exercise is "log" (the default) or "ring-as-exercise".
	Exercise string `toml:"exercise"`

	// Least is the lowest severity that rings: minor, moderate, severe or extreme.
	// Empty is minor. What has no severity always rings.
	Least string `toml:"least"`

	// Most is the highest class of its hails: routine, urgent, supervisor, peril
	// or emergency. Empty: what the charter allows.
	Most string `toml:"most"`

	// Rate is how many alerts a second it may send in the long run, ten times as
	// many at once. 0 is 100.
	Rate int `toml:"rate"`

	to      proto.Name
	phrase  phrase.Code
	phrases map[string]phrase.Code // by lower-case name
	hook    *hook.Source
}

const maxSources = 64

// Load reads and checks a configuration file and the files that it names. Errors
// name the file and, where there is one, the line.
func Load(path string) (Config, error) {
	var c Config
	text, err := os.ReadFile(path)
	if err != nil {
		return c, err // it names the file
	}
	meta, err := toml.Decode(string(text), &c)
	if err != nil {
		return c, relayd.DecodeError(path, err)
	}
	at := func(key toml.Key, nth int, why error) error {
		if line := relayd.LineOf(string(text), key, nth); line > 0 {
			return fmt.Errorf("%s: line %d: %w", path, line, why)
		}
		return fmt.Errorf("%s: %w", path, why)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return c, at(unknown[0], 0, fmt.Errorf("unknown key %q; docs/OPERATING.md lists them", unknown[0]))
	}
	c.resolve(path)
	if err := c.checkListen(); err != nil {
		return c, at(toml.Key{"listen"}, 0, err)
	}
	if len(c.Sources) == 0 || len(c.Sources) > maxSources {
		return c, fmt.Errorf("%s: %d [[source]], want 1 to %d", path, len(c.Sources), maxSources)
	}
	seen := make(map[string]bool)
	for i := range c.Sources {
		s := &c.Sources[i]
		key, err := s.check(filepath.Dir(path))
		if err == nil && seen[s.Name] {
			key, err = "name", fmt.Errorf("source %s is there twice", s.Name)
		}
		if err != nil {
			return c, at(toml.Key{"source", key}, i, fmt.Errorf("source %s: %w", s.Name, err))
		}
		seen[s.Name] = true
	}
	return c, nil
}

func (c *Config) resolve(path string) {
	for _, p := range []*string{&c.Certificate, &c.Key, &c.Journal} {
		if p == &c.Journal {
			*p = cmp.Or(*p, "hook.db")
		}
		if *p != "" {
			*p = beside(filepath.Dir(path), *p)
		}
	}
}

func beside(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// checkListen lets HTTP without TLS be on this machine alone: signatures prove
// who sends, but an alert is not for everybody's eyes.
func (c *Config) checkListen() error {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("listen: want HOST:PORT or :PORT: %w", err)
	}
	switch ip, err := netip.ParseAddr(host); {
	case (c.Certificate == "") != (c.Key == ""):
		return errors.New("certificate and key stand together")
	case c.Certificate != "":
		return checkPrivate(c.Key)
	case err != nil || !ip.IsLoopback():
		return fmt.Errorf("listen: without certificate and key only an address of this machine alone, such as 127.0.0.1, may be used, and not %q", c.Listen)
	}
	return nil
}

// checkPrivate refuses a file that others may read.
func checkPrivate(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s may be read by others (mode %04o): chmod 600 it, and make a new one if somebody may have read it", path, info.Mode().Perm())
	}
	return nil
}

// Hooks returns the sources as relay/hook serves them.
func (c *Config) Hooks() (list []*hook.Source) {
	for i := range c.Sources {
		list = append(list, c.Sources[i].hook)
	}
	return list
}

// Source returns a source by its name, nil if there is none.
func (c *Config) Source(name string) *Source {
	for i := range c.Sources {
		if c.Sources[i].Name == name {
			return &c.Sources[i]
		}
	}
	return nil
}

// Hook returns the source as relay/hook serves it.
func (s *Source) Hook() *hook.Source { return s.hook }
