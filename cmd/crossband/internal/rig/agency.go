// Package rig builds agencies that run on this machine for a while: their
// folders, a relay in a process of its own, a registrar, and taps on the paths
// between. The demo and the soak run use it; nothing of it serves real traffic.
package rig

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	"crossband/client/registrar"
	"crossband/cmd/crossband/internal/agencydir"
	"crossband/crypto/identity"
	"crossband/proto"
)

// Agency is one agency: its folder and where its relay is.
type Agency struct {
	Name   proto.Agency
	Dir    agencydir.Dir
	Listen *net.UDPAddr // where its relay listens
	Log    string       // file of what the relay says, over all its runs
}

// Found founds an agency in the folder path, at the time now. Others reach its
// relay at address; it listens at listen.
func Found(path string, name proto.Agency, listen, address *net.UDPAddr, now time.Time) (*Agency, error) {
	dir, err := agencydir.Init(path, agencydir.Setup{
		Agency: name, Relay: "relay-1", Address: address.String(), Listen: listen.String(),
	}, now)
	return &Agency{Name: name, Dir: dir, Listen: listen, Log: filepath.Join(path, "relay.log")}, err
}

// Trust pins b's bundle at a, as an administrator does with the words that he
// hears on the phone. With a peer address a's relay links with b's.
func (a *Agency) Trust(b *Agency, peer string) error {
	theirs, err := b.Dir.Authority()
	if err != nil {
		return err
	}
	bundle, err := identity.ParseBundle(theirs.Bundle().Export())
	if err != nil {
		return err
	}
	if err := bundle.Fingerprint().MatchWords(theirs.Bundle().Fingerprint().String()); err != nil {
		return err
	}
	return a.Dir.Trust(bundle, bundle.Fingerprint(), peer, peer != "", time.Now())
}

// StartRelay runs the relay and returns when it listens. command is its command
// line.
func (a *Agency) StartRelay(command []string) (*Process, error) {
	p, first, err := Start(Command{Args: command, Log: a.Log})
	if err != nil {
		return nil, err
	}
	select {
	case <-first: // "listening on …"
		return p, nil
	case <-p.Done():
		return nil, fmt.Errorf("the relay did not start; see %s: %w", a.Log, p.Err())
	}
}

// ServeRegistrar runs the agency's registrar, which reaches the relay at an
// address, until ctx ends.
func (a *Agency) ServeRegistrar(ctx context.Context, relay net.Addr) error {
	id, err := identity.Load(a.Dir.Registrar(), nil)
	if err != nil {
		return err
	}
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	return registrar.Run(ctx, registrar.Config{
		Open: a.Dir.Authority, Mailbox: id, Documents: a.documents, Charters: a.Dir.Charters, Relay: relay, Socket: socket, Log: slog.New(slog.DiscardHandler),
	})
}

func (a *Agency) documents() (list []registrar.Document, err error) {
	documents, err := a.Dir.Documents()
	for _, d := range documents {
		list = append(list, registrar.Document{Kind: d.Kind, Signed: d.Signed})
	}
	return list, err
}

// EnrolPatiently waits for a registrar that has just been started.
func EnrolPatiently(ctx context.Context, try func() error) error {
	for {
		err := try()
		if proto.ReasonOf(err) != proto.ReasonNoAuthority {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
