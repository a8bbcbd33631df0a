package relaytest

import (
	"context"
	"crypto/elliptic"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/client"
	"crossband/crypto/charter"
	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/link"
	"crossband/proto/wire"
	"crossband/relay"
	"crossband/relay/hub"
	"crossband/relay/store"
)

// World is a federation under test. Make it inside a synctest bubble.
type World struct {
	T    testing.TB
	Net  *Network
	Log  *slog.Logger
	ends []func()
	made map[proto.Name]*Endpoint // newest of each name

	founded map[proto.Agency]*Agency
	covers  map[string]*proto.Agreement // made for charters
}

// New returns an empty world whose chance is determined by seed.
func New(t testing.TB, seed uint64) *World {
	w := &World{T: t, Net: newNetwork(seed), Log: slog.New(slog.DiscardHandler), made: make(map[proto.Name]*Endpoint), founded: make(map[proto.Agency]*Agency), covers: make(map[string]*proto.Agreement)}
	return w
}

// Agency is a sovereign organisation with its authority and one relay.
type Agency struct {
	W         *World
	Name      proto.Agency
	Authority *identity.Authority
	Mailbox   *identity.Identity // signs charters
	Addr      *net.UDPAddr
	Node      *relay.Node
	Peers     []relay.Peer
	Charters  [][]byte
	Documents []relay.Document
	Store     store.Store                                // outlives the node: what a restart finds
	Retention hub.Retention                              // of the relay
	Records   time.Duration                              // how long records are kept; 0: for ever
	Holds     func() (map[proto.ChannelID]string, error) // nil: none
	dir       string                                     // of the authority
	kept      atomic.Pointer[identity.Identity]          // what its relay last saved
	Offers    link.Offers                                // what its relay speaks; zero: what this build does
	socket    net.PacketConn
	stop      context.CancelFunc
	done      chan struct{}
}

// Agency founds an agency. Its relay runs after Start.
func (w *World) Agency(name string) *Agency {
	w.T.Helper()
	agency, err := proto.ParseAgency(name)
	w.check(err)
	dir := filepath.Join(w.T.TempDir(), name)
	auth, err := identity.InitAuthority(dir, agency, time.Now(), identity.AuthorityOptions{})
	w.check(err)
	a := &Agency{W: w, Name: agency, Authority: auth, Store: store.NewMemory(), dir: dir}
	a.socket, a.Addr, err = w.Net.Host()
	w.check(err)
	w.founded[agency] = a
	return a
}

// Trust makes two agencies pin each other's root.
func (w *World) Trust(a, b *Agency) {
	w.T.Helper()
	w.check(a.Authority.Pins().Pin(b.Authority.Bundle(), b.Authority.Bundle().Fingerprint(), time.Now()))
	w.check(b.Authority.Pins().Pin(a.Authority.Bundle(), a.Authority.Bundle().Fingerprint(), time.Now()))
}

// Link makes two agencies' relays keep a link.
func (w *World) Link(a, b *Agency) {
	a.Peers = append(a.Peers, relay.Peer{Agency: b.Name, Addr: b.Addr})
	b.Peers = append(b.Peers, relay.Peer{Agency: a.Name, Addr: a.Addr})
}

// Calling has the agency charter a calling channel between parties.
func (a *Agency) Calling(title string, parties, template []*wire.Charter_Party) proto.ChannelID {
	a.W.T.Helper()
	return a.Charter(&wire.Charter{Kind: wire.Charter_KIND_CALLING, Title: title, Parties: parties, Template: template})
}

// Charter has the agency's authority sign a channel's rules. What is left out
// is filled in: the owner, P-256, sealed storage, a year, and between agencies an
// agreement that allows it.
func (a *Agency) Charter(rules *wire.Charter) proto.ChannelID {
	a.W.T.Helper()
	rules.Owner, rules.Suite = string(a.Name), uint32(proto.SuiteP256)
	if rules.Storage == wire.Charter_STORAGE_UNSPECIFIED {
		rules.Storage = wire.Charter_STORAGE_SEALED
	}
	if rules.ExpiresMs == 0 {
		rules.ExpiresMs = time.Now().Add(365 * 24 * time.Hour).UnixMilli()
	}
	if len(rules.Agreement) == 0 {
		a.cover(rules)
	}
	signed, c, err := charter.Sign(a.mailbox(), rules, time.Now())
	a.W.check(err)
	a.Charters = append(a.Charters, signed)
	return c.Channel
}

func (a *Agency) mailbox() *identity.Identity {
	if a.Mailbox == nil {
		a.Mailbox = a.Identity("authority/main")
	}
	return a.Mailbox
}

// Party lets an agency's units and desks send, up to emergency priority.
func Party(a *Agency) *wire.Charter_Party { return PartyUpTo(a, proto.PriorityEmergency) }

// PartyUpTo is Party up to a given priority.
func PartyUpTo(a *Agency, most proto.Priority) *wire.Charter_Party {
	return &wire.Charter_Party{Agency: string(a.Name), Send: []string{"unit", "desk"}, MaxPriority: uint32(most)}
}

// Observer lets an agency's desks listen.
func Observer(a *Agency) *wire.Charter_Party {
	return &wire.Charter_Party{Agency: string(a.Name), Listen: []string{"desk"}}
}

// Identity issues an identity: short is role/label.
func (a *Agency) Identity(short string) *identity.Identity {
	a.W.T.Helper()
	name, err := proto.ParseName("spiffe://" + string(a.Name) + "/" + short)
	a.W.check(err)
	id, err := a.Authority.IssueLocal(name, elliptic.P256(), time.Now())
	a.W.check(err)
	return id
}

// Start runs the relays. Agencies trust and link before.
func (w *World) Start(agencies ...*Agency) {
	w.T.Helper()
	for _, a := range agencies {
		a.start()
	}
}

func (a *Agency) start() {
	a.W.T.Helper()
	id := a.kept.Load()
	if id == nil {
		id = a.Identity("relay/r1")
		a.kept.Store(id)
	}
	node, err := relay.New(relay.Config{
		Save:     func(id *identity.Identity) error { a.kept.Store(id); return nil },
		Identity: id, Listen: a.socket, Store: disk{a.Store}, Peers: a.Peers, Charters: a.Charters, Documents: a.Documents, Retention: a.Retention, Records: a.Records, Holds: a.Holds, Offers: a.Offers,
		Log: a.W.Log.With("agency", string(a.Name)),
	})
	a.W.check(err)
	a.Node = node
	ctx, cancel := context.WithCancel(context.Background())
	a.stop, a.done = cancel, make(chan struct{})
	go func() { // ends with stop
		defer close(a.done)
		if err := node.Run(ctx); err != nil {
			a.W.T.Errorf("relay of %s: %v", a.Name, err)
		}
	}()
}

// disk is a store that is still there when the node has ended.
type disk struct{ store.Store }

func (disk) Close() error { return nil }

// Crash ends an agency's relay without a word to anybody, as a power cut does.
// Its store, its identity and its address stay.
func (a *Agency) Crash() {
	a.W.T.Helper()
	a.W.Net.Unplug(a.Addr)
	a.Stop()
}

// Stop ends an agency's relay in good order, and keeps its address for the next
// run.
func (a *Agency) Stop() {
	a.W.T.Helper()
	a.stop()
	<-a.done
	a.stop = nil
	var err error
	a.socket, err = a.W.Net.Again(a.Addr)
	a.W.check(err)
}

// Restart starts a relay again that was stopped or has crashed, with the identity
// that it saved and on what it had stored.
func (a *Agency) Restart() {
	a.W.T.Helper()
	a.W.Net.Plug(a.Addr)
	a.start()
}

// Endpoint opens a session of an endpoint and drains its events into the
// returned Watch. short is role/label.
func (a *Agency) Endpoint(short string) *Endpoint {
	a.W.T.Helper()
	return a.EndpointWith(a.Identity(short), client.NewMemoryState())
}

// EndpointWith is Endpoint with a given identity and state.
func (a *Agency) EndpointWith(id *identity.Identity, state client.State) *Endpoint {
	a.W.T.Helper()
	e := a.Dial(id, state)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	a.W.check(e.WaitConnected(ctx))
	return e
}

// EndpointAt is EndpointWith for a device whose time of day is off.
func (a *Agency) EndpointAt(id *identity.Identity, off time.Duration) *Endpoint {
	a.W.T.Helper()
	e := a.dial(id, client.NewMemoryState(), func() time.Time { return time.Now().Add(off) })
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	a.W.check(e.WaitConnected(ctx))
	return e
}

// Dial is EndpointWith for a device that its relay may refuse.
func (a *Agency) Dial(id *identity.Identity, state client.State) *Endpoint {
	a.W.T.Helper()
	return a.dial(id, state, nil)
}

func (a *Agency) dial(id *identity.Identity, state client.State, clock func() time.Time) *Endpoint {
	a.W.T.Helper()
	conn, addr, err := a.W.Net.Host()
	a.W.check(err)
	e := &Endpoint{Addr: addr, Watch: newWatch(), Ear: &Ear{}, world: a.W}
	s, err := client.Open(client.Config{
		Identity: id, Relay: a.Addr, Socket: conn, State: state, Sink: e.Ear, Log: a.W.Log, Clock: clock,
	})
	a.W.check(err)
	e.Session = s
	go e.Watch.drain(s) // ends with Close
	a.W.ends = append(a.W.ends, e.Close)
	a.W.made[id.Name] = e
	return e
}

// EndpointNamed returns the newest endpoint of a name.
func (w *World) EndpointNamed(n proto.Name) *Endpoint { return w.made[n] }

// Origin reads what a relay's store holds of its own endpoints' messages on
// channels of others, by bucket and key.
func Origin(t testing.TB, s store.Store) map[string]*wire.StoredMessage {
	t.Helper()
	list := make(map[string]*wire.StoredMessage)
	buckets, err := s.Buckets(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range buckets {
		if !strings.HasPrefix(string(b), "origin/") {
			continue
		}
		err := s.Scan(context.Background(), b, nil, func(key, value []byte) bool {
			v := new(wire.StoredMessage)
			if err := pb.Unmarshal(value, v); err != nil {
				t.Fatal(err)
			}
			list[string(b)+string(key)] = v
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return list
}

// Close ends everything, endpoints first.
func (w *World) Close(agencies ...*Agency) {
	for _, end := range w.ends {
		end()
	}
	for _, a := range agencies {
		if a.stop != nil {
			a.stop()
			<-a.done
		}
	}
	w.check(w.Net.Close())
}

func (w *World) check(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

// Renew has the authority issue its relay another certificate, for the next run.
func (a *Agency) Renew(short string) { a.kept.Store(a.Identity(short)) }
