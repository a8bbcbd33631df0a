// Package endpointdir is the folder in which a device keeps who it is:
//
//	endpoint.toml  where its relay is
//	identity/      key, certificate, trust list (crypto/identity)
//	state/         groups and what has been read (client.DirState)
//	lock           held while a program uses the folder
//
// One program uses a folder at a time: two that sealed from the same state
// would use one key twice.
package endpointdir

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"

	"crossband/client"
	"crossband/cmd/crossband/internal/filelock"
	"crossband/cmd/internal/fips"
	"crossband/crypto/identity"
)

// Dir is a device's folder.
type Dir struct{ path string }

// settings is endpoint.toml.
type settings struct {
	// Relay is the UDP address of the own agency's relay.
	Relay string `toml:"relay"`

	// FIPS asks for FIPS 140-3 mode: the device opens no link unless it is in
	// force.
	FIPS bool `toml:"fips,omitempty"`
}

// Default returns the folder used when none is named.
func Default() string {
	base, err := os.UserConfigDir()
	if err != nil {
		return "crossband"
	}
	return filepath.Join(base, "crossband")
}

// What stands against using a folder.
var (
	ErrNotEnrolled = errors.New("holds no enrolled device")
	ErrEnrolled    = errors.New("holds an enrolled device already")
	ErrBusy        = errors.New("another program uses this device")
)

// At names a folder without looking at it.
func At(path string) Dir { return Dir{path} }

// Identity returns the folder of the identity.
func (d Dir) Identity() string { return filepath.Join(d.path, "identity") }
func (d Dir) newKey() string   { return filepath.Join(d.path, "enrolling.key") }
func (d Dir) file() string     { return filepath.Join(d.path, "endpoint.toml") }
func (d Dir) lock() string     { return filepath.Join(d.path, "lock") }

// Relay returns the relay's address. It is an error if the file asks for FIPS
// 140-3 mode and that is not in force: nothing may be done without it.
func (d Dir) Relay() (string, error) {
	var s settings
	meta, err := toml.DecodeFile(d.file(), &s)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("%s %w", d.path, ErrNotEnrolled)
	case err != nil:
		return "", fmt.Errorf("%s: %w", d.file(), err)
	case len(meta.Undecoded()) > 0:
		return "", fmt.Errorf("%s: unknown key %q; known are relay and fips", d.file(), meta.Undecoded()[0].String())
	}
	if s.FIPS {
		err = fips.Require(d.file() + ": fips = true")
	}
	return s.Relay, err
}

// Enroll makes the device's key, or takes up the one of an attempt whose answer
// was lost, and gets its certificate.
func (d Dir) Enroll(ctx context.Context, token identity.Token, small bool) (*identity.Identity, error) {
	if _, err := os.Stat(d.file()); err == nil {
		return nil, fmt.Errorf("%s %w", d.path, ErrEnrolled)
	}
	if err := os.MkdirAll(d.path, 0o700); err != nil {
		return nil, err
	}
	unlock, err := filelock.Acquire(d.lock(), ErrBusy)
	if err != nil {
		return nil, err
	}
	defer unlock()
	key, err := d.key(small)
	if err != nil {
		return nil, err
	}
	socket, err := net.ListenUDP("udp", nil)
	if err != nil {
		return nil, err
	}
	id, err := client.Enroll(ctx, token, key, socket)
	if err != nil {
		return nil, err
	}
	if err := id.Save(d.Identity(), nil); err != nil {
		return nil, err
	}
	if err := d.SetRelay(token.Relays[0]); err != nil {
		return nil, err
	}
	return id, os.Remove(d.newKey())
}

// SetRelay writes endpoint.toml: from its next start on the device goes to the
// relay at this address.
func (d Dir) SetRelay(addr string) error {
	var b strings.Builder
	if err := toml.NewEncoder(&b).Encode(settings{Relay: addr}); err != nil {
		return err
	}
	return os.WriteFile(d.file(), []byte(b.String()), 0o600)
}

func (d Dir) key(small bool) (*ecdsa.PrivateKey, error) {
	if key, err := identity.LoadKey(d.newKey(), nil); !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	curve := elliptic.P384()
	if small {
		curve = elliptic.P256()
	}
	key, err := identity.GenerateKey(curve)
	if err != nil {
		return nil, err
	}
	return key, identity.SaveKey(d.newKey(), key, nil)
}

// Session opens a session of the device. Closing returns the folder to others.
func (d Dir) Session(sink client.Sink, log *slog.Logger, software string) (s *client.Session, closing func() error, err error) {
	relay, err := d.Relay()
	if err != nil {
		return nil, nil, err
	}
	unlock, err := filelock.Acquire(d.lock(), ErrBusy)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			unlock()
		}
	}()
	id, err := identity.Load(d.Identity(), nil)
	if err != nil {
		return nil, nil, err
	}
	state, err := client.NewDirState(filepath.Join(d.path, "state"))
	if err != nil {
		return nil, nil, err
	}
	addr, err := net.ResolveUDPAddr("udp", relay)
	if err != nil {
		return nil, nil, fmt.Errorf("relay %s: %w", relay, err)
	}
	socket, err := net.ListenUDP("udp", nil)
	if err != nil {
		return nil, nil, err
	}
	s, err = client.Open(client.Config{
		Identity: id, Relay: addr, Socket: socket, State: state, Sink: sink, Log: log, Software: software,
		Save: func(id *identity.Identity) error { return id.Save(d.Identity(), nil) },
	})
	if err != nil {
		socket.Close()
		return nil, nil, err
	}
	return s, func() error { return errors.Join(s.Close(), unlock()) }, nil
}
