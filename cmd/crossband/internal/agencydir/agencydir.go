// Package agencydir is the folder in which an administrator keeps an agency:
//
//	agency.toml  where the relay is reached
//	authority/   root and issuing keys, pins, invitations (crypto/identity)
//	registrar/   the identity of the authority's mailbox
//	relay/       the first relay: relay.toml, identity/, charters/, agreements/
//	agreements/  copies of the agreements that this agency has signed
//	audit.log    one line for every act of an administrator
//	lock         held while an administrator changes something
//
// The relay folder may be moved to another machine as it is; the authority
// folder should not be on the relay's machine at all.
package agencydir

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"crossband/cmd/internal/relayd"
	"crossband/crypto/identity"
	"crossband/proto"
)

// Dir is an agency's folder.
type Dir struct{ path string }

// settings is agency.toml.
type settings struct {
	// Relay is the address at which devices and partners reach the relay.
	Relay string `toml:"relay"`
}

// Setup says what to make. Agency, Relay and Address are required.
type Setup struct {
	Agency     proto.Agency
	Relay      string // label of the first relay
	Address    string // at which others reach it
	Listen     string // at which it listens; empty: Address
	Passphrase []byte // of the root's key; empty: none
	SmallKeys  bool   // P-256 for relay and registrar
}

// ErrNotEmpty is returned by Init.
var ErrNotEmpty = errors.New("not empty, and an agency is never overwritten")

// Open opens an agency's folder.
func Open(path string) (Dir, error) {
	d := Dir{path}
	if _, err := d.settings(); err != nil {
		return Dir{}, fmt.Errorf("%s is not an agency's folder: %w", path, err)
	}
	return d, nil
}

// Init makes a new agency in path, which must not exist or be empty.
func Init(path string, s Setup, now time.Time) (Dir, error) {
	if entries, err := os.ReadDir(path); err == nil && len(entries) > 0 {
		return Dir{}, fmt.Errorf("%s is %w", path, ErrNotEmpty)
	}
	if _, _, err := net.SplitHostPort(s.Address); err != nil {
		return Dir{}, fmt.Errorf("relay address: %w", err)
	}
	if s.Listen == "" {
		s.Listen = s.Address
	}
	d := Dir{path}
	if err := os.MkdirAll(filepath.Join(path, "relay", "charters"), 0o700); err != nil {
		return Dir{}, err
	}
	a, err := identity.InitAuthority(d.authority(), s.Agency, now, identity.AuthorityOptions{RootPassphrase: s.Passphrase})
	if err != nil {
		return Dir{}, err
	}
	for home, name := range map[string]proto.Name{
		d.Registrar():     {Agency: s.Agency, Role: proto.RoleAuthority, Label: "main"},
		d.relayIdentity(): {Agency: s.Agency, Role: proto.RoleRelay, Label: s.Relay},
	} {
		id, err := a.IssueLocal(name, curve(s.SmallKeys), now)
		if err != nil {
			return Dir{}, err
		}
		if err := id.Save(home, nil); err != nil {
			return Dir{}, err
		}
	}
	if err := (relayd.Config{Identity: "identity", Listen: s.Listen, Charters: "charters"}).Save(d.RelayConfig()); err != nil {
		return Dir{}, err
	}
	if err := d.saveSettings(settings{s.Address}); err != nil {
		return Dir{}, err
	}
	return d, d.act("init", string(s.Agency), now, func() error { return nil })
}

func curve(small bool) elliptic.Curve {
	if small {
		return elliptic.P256()
	}
	return elliptic.P384()
}

func (d Dir) authority() string     { return filepath.Join(d.path, "authority") }
func (d Dir) relayIdentity() string { return filepath.Join(d.path, "relay", "identity") }
func (d Dir) file() string          { return filepath.Join(d.path, "agency.toml") }

// Registrar returns the folder of the registrar's identity.
func (d Dir) Registrar() string { return filepath.Join(d.path, "registrar") }

// RelayConfig returns the path of the relay's configuration file.
func (d Dir) RelayConfig() string { return filepath.Join(d.path, "relay", relayd.FileName) }

// Authority opens the authority.
func (d Dir) Authority() (*identity.Authority, error) {
	return identity.OpenAuthority(d.authority(), nil)
}

// Charters reads the charters that this agency has signed.
func (d Dir) Charters() ([][]byte, error) {
	return relayd.LoadCharters(filepath.Join(d.path, "relay", "charters"))
}

func (d Dir) settings() (settings, error) {
	var s settings
	text, err := os.ReadFile(d.file())
	if err != nil {
		return s, err // it names the file
	}
	meta, err := toml.Decode(string(text), &s)
	if err != nil {
		return s, relayd.DecodeError(d.file(), err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		err = fmt.Errorf("%s: line %d: unknown key %q; known is relay", d.file(), relayd.LineOf(string(text), unknown[0], 0), unknown[0])
	}
	if err == nil && s.Relay == "" {
		err = fmt.Errorf("%s: relay is required", d.file())
	}
	return s, err
}

func (d Dir) saveSettings(s settings) error {
	var b strings.Builder
	b.WriteString("# Where devices and partners reach this agency's relay.\n")
	if err := toml.NewEncoder(&b).Encode(s); err != nil {
		return err
	}
	return os.WriteFile(d.file(), []byte(b.String()), 0o600)
}

// RelayAddress returns the address at which the relay is reached.
func (d Dir) RelayAddress() (string, error) {
	s, err := d.settings()
	return s.Relay, err
}

// Invite makes a one-time invitation for role/label.
func (d Dir) Invite(short string, ttl time.Duration, now time.Time) (identity.Token, error) {
	a, err := d.Authority()
	if err != nil {
		return identity.Token{}, err
	}
	name, err := proto.ParseName("spiffe://" + string(a.Agency()) + "/" + short)
	if err != nil {
		return identity.Token{}, err
	}
	if !name.Role.IsEndpoint() { // relay and registrar live beside the authority
		return identity.Token{}, fmt.Errorf("%w: %s is not a device's role", proto.ErrName, name.Role)
	}
	addr, err := d.RelayAddress()
	if err != nil {
		return identity.Token{}, err
	}
	var t identity.Token
	err = d.act("invite", name.String(), now, func() (err error) {
		t, err = a.Invite(name, []string{addr}, now, ttl)
		return err
	})
	return t, err
}

// Trust pins a partner's bundle whose fingerprint was confirmed by voice. With
// a peer address the relay links with the partner's from its next start on.
func (d Dir) Trust(b *identity.Bundle, confirmed identity.Fingerprint, peerAddress string, link bool, now time.Time) error {
	return d.act("trust", string(b.Agency)+" root "+confirmed.String(), now, func() error {
		return d.trust(b, confirmed, peerAddress, link, now)
	})
}

func (d Dir) trust(b *identity.Bundle, confirmed identity.Fingerprint, peerAddress string, link bool, now time.Time) error {
	a, err := d.Authority()
	if err != nil {
		return err
	}
	if err := a.Pins().Pin(b, confirmed, now); err != nil {
		return err
	}
	if err := d.handTrustToRelay(a, now); err != nil {
		return err
	}
	if !link {
		return nil
	}
	c, err := relayd.Load(d.RelayConfig())
	if err != nil {
		return err
	}
	for i := range c.Peers {
		if c.Peers[i].Agency == string(b.Agency) {
			c.Peers[i].Address = peerAddress
			return c.Save(d.RelayConfig())
		}
	}
	c.Peers = append(c.Peers, relayd.Peer{Agency: string(b.Agency), Address: peerAddress})
	return c.Save(d.RelayConfig())
}

// handTrustToRelay puts the new trust list into the identities that lie beside
// the authority, so that they have it from their next start on. Running ones
// get it from the registrar.
func (d Dir) handTrustToRelay(a *identity.Authority, now time.Time) error {
	list, err := a.TrustList(now)
	if err != nil {
		return err
	}
	for _, home := range []string{d.relayIdentity(), d.Registrar()} {
		id, err := identity.Load(home, nil)
		if err != nil {
			return err
		}
		trust, err := id.TrustStore(now)
		if err != nil {
			return err
		}
		if err := trust.ApplyTrustList(list, now); err != nil {
			return err
		}
		if err := id.Adopt(trust).Save(home, nil); err != nil {
			return err
		}
	}
	return nil
}

// Renew replaces the certificates of registrar and relay, where they lie beside
// the authority, if it is time. While both run they renew themselves; after a
// long stop they could not, since nobody would take their old certificates. It
// returns who got a new one.
func (d Dir) Renew(now time.Time) (renewed []proto.Name, err error) {
	err = d.act("renew", "registrar and relay", now, func() (err error) {
		renewed, err = d.renew(now)
		return err
	})
	return renewed, err
}

func (d Dir) renew(now time.Time) (renewed []proto.Name, err error) {
	a, err := d.Authority()
	if err != nil {
		return nil, err
	}
	for _, home := range []string{d.Registrar(), d.relayIdentity()} {
		old, err := identity.Load(home, nil)
		if errors.Is(err, fs.ErrNotExist) {
			continue // moved to the relay's machine
		}
		if err != nil {
			return renewed, err
		}
		next, err := renewedOne(a, old, now)
		if next == nil && err == nil {
			continue
		}
		if err != nil {
			return renewed, err
		}
		if err := next.Save(home, nil); err != nil {
			return renewed, err
		}
		renewed = append(renewed, old.Name)
	}
	return renewed, nil
}

// renewedOne returns a new identity for an old one whose time has come, or that has
// been revoked, and nil for one that is good. A revoked one gets a new key: the
// old one may be in other hands.
func renewedOne(a *identity.Authority, old *identity.Identity, now time.Time) (next *identity.Identity, err error) {
	revoked, err := a.HasRevoked(old, now)
	if err != nil {
		return nil, err
	}
	at, err := old.RenewAt()
	switch {
	case revoked:
		next, err = a.IssueLocal(old.Name, old.Key.Public().(*ecdsa.PublicKey).Curve, now)
	case err == nil && !now.Before(at):
		next, err = a.Reissue(old, now)
	default:
		return nil, err
	}
	if err == nil {
		next.Revoked = old.Revoked
	}
	return next, err
}
