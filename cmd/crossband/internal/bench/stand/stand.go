// Package stand builds the small federation on which voice is measured: an agency whose
// relay is the hub of all channels, others that follow them, each relay in a process of
// its own, and between the hub and each follower a border as a benchmark wants it.
package stand

import (
	"context"
	"crypto/elliptic"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"crossband/client"
	"crossband/cmd/crossband/internal/bench/border"
	"crossband/cmd/crossband/internal/rig"
	"crossband/crypto/agreement"
	"crossband/crypto/identity"
	"crossband/proto"
)

// Options says what to build. Relay and Say are required.
type Options struct {
	Relay    func(config string) []string // command line of a relay with that file
	Channels []string                     // titles of the channels, all owned by the hub's agency
	Borders  []border.Conditions          // a follower is beyond each; at most MaxFollowers
	Seed     uint64                       // of what borders lose and delay
	Say      func(format string, args ...any)
}

// Stand is all that runs. The followers' relays do not know each other.
type Stand struct {
	Hub       *Agency
	Followers []*Agency // in the order of Options.Borders

	o       Options
	ports   rig.Ports
	dir     string
	cancel  context.CancelFunc
	wg      sync.WaitGroup // borders and registrars
	mu      sync.Mutex     // guards devices
	devices []*rig.Device
}

// Agency is an agency with its relay's process.
type Agency struct {
	*rig.Agency
	Border *Border // to the hub; nil at the hub

	authority *identity.Authority
	relay     *rig.Process
}

// Border is a border: both relays dial the other across it, and one of the links stays.
type Border struct{ to, back *border.Crossing }

// Counts returns what has crossed so far, both ways.
func (b *Border) Counts() border.Counts { return b.to.Counts().Add(b.back.Counts()) }

// grace is how long a process may take to end.
const grace = 5 * time.Second

// Build builds a stand in a temporary folder of its own. It lasts until Close.
func Build(ctx context.Context, o Options) (_ *Stand, err error) {
	if len(o.Borders) > MaxFollowers {
		return nil, fmt.Errorf("%d borders, limit %d", len(o.Borders), MaxFollowers)
	}
	running, cancel := context.WithCancel(ctx)
	s := &Stand{o: o, cancel: cancel}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.dir, err = os.MkdirTemp("", "crossband-bench-"); err != nil {
		return nil, err
	}
	for i := range len(o.Borders) + 1 {
		a, err := s.found(names()[i])
		if err != nil {
			return nil, fmt.Errorf("found %s: %w", names()[i], err)
		}
		if i == 0 {
			s.Hub = a
		} else {
			s.Followers = append(s.Followers, a)
		}
	}
	if err := s.trust(running); err != nil {
		return nil, fmt.Errorf("trust: %w", err)
	}
	if err := s.agree(); err != nil {
		return nil, fmt.Errorf("agreement: %w", err)
	}
	for _, a := range s.agencies() {
		if err := s.start(running, a); err != nil {
			return nil, fmt.Errorf("start %s: %w", a.Name, err)
		}
	}
	return s, nil
}

// MaxFollowers is how many agencies a stand has beside the hub's.
const MaxFollowers = 3

func names() []proto.Agency {
	return []proto.Agency{"alpha.example", "bravo.example", "charlie.example", "delta.example"}
}

func (s *Stand) agencies() []*Agency {
	if s.Hub == nil {
		return nil
	}
	return append([]*Agency{s.Hub}, s.Followers...)
}

func (s *Stand) found(name proto.Agency) (*Agency, error) {
	listen, err := s.ports.Free()
	if err != nil {
		return nil, err
	}
	a, err := rig.Found(filepath.Join(s.dir, string(name)), name, listen, listen, time.Now())
	if err != nil {
		return nil, err
	}
	authority, err := a.Dir.Authority()
	return &Agency{Agency: a, authority: authority}, err
}

// trust lets all trust each other, and the followers' relays link with the hub's.
func (s *Stand) trust(ctx context.Context) error {
	for i, f := range s.Followers {
		to, err := border.Open(f.Listen, s.o.Borders[i], s.o.Seed+uint64(2*i))
		if err != nil {
			return err
		}
		s.wg.Go(func() { to.Run(ctx) }) // ends with ctx
		back, err := border.Open(s.Hub.Listen, s.o.Borders[i], s.o.Seed+uint64(2*i+1))
		if err != nil {
			return err
		}
		s.wg.Go(func() { back.Run(ctx) }) // ends with ctx
		f.Border = &Border{to, back}
		if err := errors.Join(s.Hub.Trust(f.Agency, to.Addr().String()), f.Trust(s.Hub.Agency, back.Addr().String())); err != nil {
			return err
		}
		for _, o := range s.Followers[:i] {
			if err := errors.Join(f.Trust(o.Agency, ""), o.Trust(f.Agency, "")); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Stand) agree() error {
	now := time.Now()
	var parties []proto.Agency
	var all []*rig.Agency
	for _, a := range s.agencies() {
		parties, all = append(parties, a.Name), append(all, a.Agency)
	}
	_, err := rig.Agree(agreement.Terms{
		Title: "Benchmark", Parties: parties, Talk: s.o.Channels,
		Begins: now.Add(-time.Hour), Ends: now.Add(7 * 24 * time.Hour),
	}, now, all...)
	return err
}

// start runs a relay in a process of its own, and the agency's registrar.
func (s *Stand) start(ctx context.Context, a *Agency) error {
	var err error
	if a.relay, err = a.StartRelay(s.o.Relay(a.Dir.RelayConfig())); err != nil {
		return err
	}
	s.wg.Go(func() { // ends with ctx
		if err := a.ServeRegistrar(ctx, a.Listen); err != nil && ctx.Err() == nil {
			s.o.Say("registrar of %s: %v", a.Name, err)
		}
	})
	return nil
}

// Identity certifies a new unit of an agency.
func (a *Agency) Identity(label string) (*identity.Identity, error) {
	return a.authority.IssueLocal(proto.Name{Agency: a.Name, Role: proto.RoleUnit, Label: label}, elliptic.P384(), time.Now())
}

// Open opens a session of a device, which remembers nothing of an earlier one, and
// waits for its link. Close closes it too.
func (s *Stand) Open(ctx context.Context, a *Agency, id *identity.Identity, sink client.Sink) (*rig.Device, error) {
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	session, err := client.Open(client.Config{Identity: id, Relay: a.Listen, Socket: socket, Sink: sink, Software: "crossband bench"})
	if err != nil {
		socket.Close()
		return nil, err
	}
	d := rig.Hold(session, nil, session.Close)
	s.mu.Lock()
	s.devices = append(s.devices, d)
	s.mu.Unlock()
	return d, session.WaitConnected(ctx)
}

// Channel waits until a device is offered the channel with a title.
func Channel(ctx context.Context, d *rig.Device, title string) (proto.ChannelID, error) {
	e, _, err := rig.Await(ctx, d, func(e client.Offered) bool { return e.Charter.Title == title })
	return e.Channel, err
}

// Relays are the processes of all relays.
func (s *Stand) Relays() (list []*rig.Process) {
	for _, a := range s.agencies() {
		list = append(list, a.relay)
	}
	return list
}

// Close ends devices, relays and all else, and removes the folder.
func (s *Stand) Close() error {
	var err error
	s.mu.Lock()
	devices := s.devices
	s.mu.Unlock()
	for _, d := range devices {
		err = errors.Join(err, d.Close())
	}
	for _, a := range s.agencies() {
		if a.relay != nil {
			a.relay.End(grace)
		}
	}
	s.cancel()
	s.wg.Wait()
	return errors.Join(err, os.RemoveAll(s.dir))
}
