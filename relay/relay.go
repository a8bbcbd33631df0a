// Package relay is an agency's node: it accepts and dials links, owns the loop
// that owns the hub, stores before it acknowledges, and forwards voice.
//
// It is blind. It links neither the secret side of MLS nor SFrame, so no
// process of it can hold a key that opens content; a test at the root of the
// project proves it from the import graph.
package relay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"crossband/crypto/agreement"
	"crossband/crypto/charter"
	"crossband/crypto/identity"
	"crossband/crypto/notice"
	"crossband/proto"
	"crossband/proto/link"
	"crossband/proto/wire"
	"crossband/relay/hub"
	"crossband/relay/store"
)

// Config says which relay this is. Identity, Listen and Store are required.
type Config struct {
	Identity  *identity.Identity // a relay's, with its trust list
	Listen    net.PacketConn     // the one UDP socket, for links in and out; the node closes it
	Store     store.Store        // the node closes it
	Peers     []Peer             // agencies that we link with; any other is refused
	Documents []Document         // that the agency holds, taken in at start, before the charters
	Charters  [][]byte           // signed by the authority, registered at start

	Offers link.Offers // what it speaks on links; zero: what this build does

	Retention hub.Retention                              // how long messages are kept; zero: for ever
	Records   time.Duration                              // how long an incident's record is kept from its newest entry on; zero: for ever
	Holds     func() (map[proto.ChannelID]string, error) // channels under a legal hold, and who ordered it why; asked once a second; nil: none

	Save     func(*identity.Identity) error // keeps a renewed certificate or a new trust list; nil keeps it in memory
	Revoked  func(Revocations)              // told how far the own agency's list has come; nil: nobody. It must not block
	Log      *slog.Logger                   // nil discards
	Software string                         // told to the other side's administrator
}

// Peer is another agency's relay.
type Peer struct {
	Agency proto.Agency
	Addr   net.Addr // nil: wait to be dialled
}

// Document is a signed document between agencies.
type Document struct {
	Kind   proto.DocumentKind
	Signed []byte
}

func (d Document) event() hub.Event {
	return hub.FrameIn{Link: hub.SelfLink, Frame: &wire.Frame{Body: &wire.Frame_Document{Document: &wire.Document{Kind: wire.Document_Kind(d.Kind), Signed: d.Signed}}}}
}

// Take hands a running relay a document that came to it other than over a link,
// such as in a file. It is judged as any other.
func (n *Node) Take(ctx context.Context, d Document) error {
	if !n.post(ctx, d.event()) {
		return ctx.Err()
	}
	return nil
}

// Register hands a running relay a charter that its authority signed.
func (n *Node) Register(ctx context.Context, charter []byte) error {
	if !n.post(ctx, charterIn(charter)) {
		return ctx.Err()
	}
	return nil
}

func charterIn(signed []byte) hub.Event {
	return hub.FrameIn{Link: hub.SelfLink, Frame: &wire.Frame{Body: &wire.Frame_PutCharter{PutCharter: &wire.PutCharter{Charter: signed}}}}
}

// Node is a running relay. Make it with New and run it once.
type Node struct {
	cfg      Config
	log      *slog.Logger
	trust    *identity.TrustStore
	identity atomic.Pointer[identity.Identity] // replaced by the loop, read by handshakes
	peers    map[proto.Agency]*peerState       // static after construction
	listener *link.Listener
	events   chan hub.Event // from readers to the loop; full: the reader waits, and so does its sender
	counters counters
	figures  *figures                // measured; read by whoever looks
	state    atomic.Pointer[State]   // published by the loop once a second
	notices  atomic.Pointer[Notices] // likewise
	arrivals arrivals
	keeper   *keeper
	wg       sync.WaitGroup // every goroutine that Run started
}

// peerState tells the dialler whether a link is there already.
type peerState struct {
	Peer
	linked  atomic.Bool                 // written by the loop
	refusal atomic.Pointer[PeerRefusal] // the last one
}

// eventQueue bounds what readers have handed to the loop. At the bound readers
// wait, QUIC's flow control stops the sender, and no one is dropped.
const eventQueue = 1024

// New checks the configuration and opens the socket's listener.
func New(cfg Config) (*Node, error) {
	if cfg.Identity == nil || cfg.Listen == nil || cfg.Store == nil {
		return nil, errors.New("relay: Identity, Listen and Store are required")
	}
	if cfg.Identity.Name.Role != proto.RoleRelay {
		return nil, fmt.Errorf("relay: %s is not a relay's identity", cfg.Identity.Name)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	trust, err := cfg.Identity.TrustStore(time.Now())
	if err != nil {
		return nil, fmt.Errorf("relay: trust: %w", err)
	}
	n := &Node{
		cfg: cfg, log: cfg.Log.With("relay", cfg.Identity.Name.String()), trust: trust,
		peers:    make(map[proto.Agency]*peerState),
		events:   make(chan hub.Event, eventQueue),
		figures:  newFigures(),
		keeper:   newKeeper(keeperLimits{channel: keptOfChannel, all: keptOfAll, life: proto.VoiceKept}),
		arrivals: arrivals{names: make(map[proto.Name]*proto.Bucket)},
	}
	for _, p := range cfg.Peers {
		n.peers[p.Agency] = &peerState{Peer: p}
	}
	n.identity.Store(cfg.Identity)
	if n.listener, err = link.Listen(cfg.Listen, n.linkConfig()); err != nil {
		return nil, fmt.Errorf("relay: %w", err)
	}
	return n, nil
}

// Name returns the relay's name.
func (n *Node) Name() proto.Name { return n.cfg.Identity.Name }

// Run serves until the context ends or the store fails. It returns after everything
// that it started has ended; nil means that the context ended.
func (n *Node) Run(until context.Context) error {
	ctx, cancel := context.WithCancel(until)
	defer cancel()                        // a fault in the loop too
	n.wg.Go(func() { n.accept(ctx) })     // ends when the listener closes
	n.wg.Go(func() { n.keeper.run(ctx) }) // ends with ctx
	for _, p := range n.peers {
		if p.Addr != nil {
			n.wg.Go(func() { n.keepDialling(ctx, p) }) // ends with ctx
		}
	}
	n.log.Info("relay runs", "address", n.listener.Addr().String())
	n.recordConfig()
	err := n.loop(ctx)
	if until.Err() != nil && errors.Is(err, until.Err()) {
		err = nil // it came while something was read or written
	}
	cancel()
	n.listener.Close()
	n.wg.Wait()
	return errors.Join(err, n.cfg.Store.Close())
}

// judge is how the hub asks about certificates and signatures.
func (n *Node) judge() hub.Judge {
	return judge{charter.Judge{Trust: n.trust}, documentJudge{agreement.Judge{Trust: n.trust}, notice.Judge{Trust: n.trust}}}
}

// judge judges charters, members and documents.
type judge struct {
	charter.Judge
	documentJudge
}

// documentJudge has each kind of document judged by who knows it.
type documentJudge struct {
	agreements agreement.Judge
	notices    notice.Judge
}

func (j documentJudge) Document(kind proto.DocumentKind, signed []byte, now time.Time) (proto.Document, error) {
	if isNotice(kind) {
		return j.notices.Document(kind, signed, now)
	}
	return j.agreements.Document(kind, signed, now)
}

func (j documentJudge) ReadDocument(kind proto.DocumentKind, signed []byte) (proto.Document, error) {
	if isNotice(kind) {
		return j.notices.ReadDocument(kind, signed)
	}
	return j.agreements.ReadDocument(kind, signed)
}

func isNotice(k proto.DocumentKind) bool {
	return k == proto.DocumentNotice || k == proto.DocumentNoticeAnswer
}
