package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"crossband/client/redial"
	"crossband/client/voice"
	"crossband/crypto/charter"
	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/link"
)

// Config says which endpoint this is. Identity, Relay and Socket are required.
type Config struct {
	Identity *identity.Identity
	Relay    net.Addr                       // of the own agency's relay
	Socket   net.PacketConn                 // UDP; the Session closes it
	State    State                          // nil keeps everything in memory: a restart joins anew
	Sink     Sink                           // where voice is played; nil plays nowhere
	Save     func(*identity.Identity) error // keeps a renewed certificate or trust list; nil does not
	Log      *slog.Logger                   // nil discards
	Clock    func() time.Time               // the time of day, as told in voice and compared with the relay's; nil is time.Now
	Software string
}

// Session is an endpoint's standing with its relay. It keeps its link up until
// Close, and joins again what it had joined.
type Session struct {
	cfg    Config
	log    *slog.Logger
	trust  *identity.TrustStore
	ears   *ears
	events chan Event
	ctx    context.Context // ends with Close; the supervisor's and the tasks'
	cancel context.CancelFunc
	wg     sync.WaitGroup // every goroutine that the Session started
	up     chan struct{}  // closed when the first link is up

	small *turns // for what settleAtOnce bounds

	lateTurn chan struct{} // holds one token: whoever asks for missed voice over the live link takes it
	giving   sync.Mutex    // held while late bursts are given out

	mu        sync.Mutex // guards what follows; never held while waiting
	identity  *identity.Identity
	dialer    *link.Dialer   // of the socket in use
	former    []*link.Dialer // that the present link was moved away from
	conn      *link.Conn     // nil while there is none
	lastID    uint64
	lastAlias proto.Alias // bounded by proto.MaxSubscribed channels
	clock     voice.TalkClock
	calls     map[uint64]question
	bulk      bulkState
	channels  map[proto.ChannelID]*Channel
	ended     []*Channel // whose charters have, and who are yet to be told of
	hails     map[proto.MessageID]*Hail
	announced announced
	packages  keyPackages
	letters   int // kept of incidents
	pacts     pacts
	past      inbound        // of the links that have ended
	uplink    uplink         // how our voice fares on our own link
	strays    uint64         // see StrayStrain
	expelled  *proto.Refusal // this device has been revoked: nothing goes any more
	changed   chan struct{}  // closed and replaced whenever something changes that somebody may wait for
}

// eventQueue bounds events that nobody has fetched. At the bound the session
// stops reading its link, so that nothing is lost: events must be drained.
const eventQueue = 4096

// Open starts a Session. It returns at once; WaitConnected waits for the link.
func Open(cfg Config) (*Session, error) {
	if cfg.Identity == nil || cfg.Relay == nil || cfg.Socket == nil {
		return nil, errors.New("client: Identity, Relay and Socket are required")
	}
	if !cfg.Identity.Name.Role.IsEndpoint() {
		return nil, fmt.Errorf("client: %s is not an endpoint's identity", cfg.Identity.Name)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.State == nil {
		cfg.State = NewMemoryState()
	}
	trust, err := cfg.Identity.TrustStore(time.Now())
	if err != nil {
		return nil, fmt.Errorf("client: trust: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Session{
		cfg: cfg, log: cfg.Log.With("endpoint", cfg.Identity.Name.String()), trust: trust,
		events: make(chan Event, eventQueue), ctx: ctx, cancel: cancel, up: make(chan struct{}),
		identity: cfg.Identity,
		clock:    voice.NewTalkClock(uint8(rand.Uint32())),
		calls:    make(map[uint64]question),
		bulk:     bulkState{turns: newTurns(bulkAtOnce)},
		channels: make(map[proto.ChannelID]*Channel),
		hails:    make(map[proto.MessageID]*Hail), announced: make(announced),
		pacts:   newPacts(),
		changed: make(chan struct{}),
		small:   newTurns(settleAtOnce), lateTurn: make(chan struct{}, 1),
	}
	s.lateTurn <- struct{}{}
	s.ears = newEars(s, cfg.Sink)
	s.wg.Go(s.ears.listen) // ends with Close; before anything is learnt that they must take
	if err := s.identity.SelfRevoked(s.trust); proto.ReasonOf(err) == proto.ReasonRevoked {
		s.expel(proto.AsRefusal(err))
	}
	if err := s.restore(); err != nil {
		cancel()
		s.wg.Wait()
		return nil, err
	}
	if s.dialer, err = link.NewDialer(cfg.Socket, s.linkConfig()); err != nil {
		cancel()
		s.wg.Wait()
		return nil, err
	}
	s.wg.Go(s.supervise)  // ends with Close
	s.wg.Go(s.renewals)   // ends with Close
	s.wg.Go(s.tellReads)  // ends with Close
	s.wg.Go(s.heartbeats) // ends with Close
	s.wg.Go(s.endings)    // ends with Close
	if s.takesLate() {
		s.wg.Go(s.rememberLink) // ends with Close
	}
	return s, nil
}

// Name returns who the endpoint is.
func (s *Session) Name() proto.Name { return s.cfg.Identity.Name }

// Events returns the queue of what happens. It must be drained.
func (s *Session) Events() <-chan Event { return s.events }

// Close ends the Session and everything that it started.
func (s *Session) Close() error {
	s.cancel()
	err := s.leaveFormer() // first: the link may be theirs
	s.mu.Lock()
	d := s.dialer
	s.mu.Unlock()
	err = errors.Join(err, d.Close())
	s.wg.Wait()
	return err
}

// WaitConnected waits for the first link to the relay.
func (s *Session) WaitConnected(ctx context.Context) error {
	select {
	case <-s.up:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.ctx.Done():
		return errClosed
	}
}

var errClosed = errors.New("client: session closed")

func (s *Session) linkConfig() link.Config {
	return link.Config{
		Self: s.Name(),
		Certificate: func() (*tls.Certificate, error) {
			s.mu.Lock()
			id := s.identity
			s.mu.Unlock()
			c, err := id.TLSCertificate()
			return &c, err
		},
		Verify: func(chain [][]byte, _ bool) (proto.Name, error) {
			return s.trust.VerifyPeer(chain, identity.UsageServer, time.Now())
		},
		Software:     s.cfg.Software,
		Capabilities: link.Capabilities(),
		Now:          s.cfg.Clock,
	}
}

func (s *Session) judge() charter.Judge { return charter.Judge{Trust: s.trust} }

// supervise keeps the link: dial, greet, read until it ends, again. Before the
// first it gives what the last run left unshown.
func (s *Session) supervise() {
	s.showAgain()
	s.tellEnded()
	var back redial.Backoff
	for s.ctx.Err() == nil {
		ctx, cancel := context.WithTimeout(s.ctx, redial.Timeout)
		s.leaveFormer()
		s.mu.Lock()
		d := s.dialer
		s.mu.Unlock()
		conn, err := d.Dial(ctx, s.cfg.Relay, link.RelayOf(s.Name().Agency))
		cancel()
		if err == nil {
			begun := time.Now()
			err = s.serve(conn)
			back.Lost(time.Since(begun), proto.ReasonOf(err))
		}
		if s.ctx.Err() != nil {
			return
		}
		s.log.Info("no link", "why", err.Error())
		if why := refusedAsRevoked(err); why != nil {
			s.expel(why)
		}
		s.emit(Disconnected{err})
		if !sleep(s.ctx, s.redial(&back)) {
			return
		}
	}
}

// serve reads one link until it ends and returns why it did.
func (s *Session) serve(conn *link.Conn) error {
	s.mu.Lock()
	if err := s.readmitLocked(); err != nil {
		s.mu.Unlock()
		conn.Close(proto.AsRefusal(err))
		<-conn.Done()
		return conn.Err()
	}
	s.conn, s.packages.left = conn, nil
	s.bulk.again, s.bulk.wait = time.Time{}, 0
	s.changedLocked()
	s.mu.Unlock()
	s.ears.ahead.Store(int64(conn.ClockSkew()))
	voiceEnded := make(chan struct{})
	s.wg.Go(func() { // ends with the link
		defer close(voiceEnded)
		for {
			b, err := conn.ReceiveVoice(s.ctx)
			if err != nil {
				return
			}
			s.ears.hear(b)
		}
	})
	s.emit(Connected{conn.Peer(), conn.ClockSkew()})
	s.wg.Go(func() { s.settle(conn) }) // ends when what was joined is joined again, or with the link
	for {
		f, err := conn.Receive(s.ctx)
		if err != nil {
			break
		}
		s.frame(conn, f)
	}
	conn.Close(proto.Refuse(proto.ReasonClosing, ""))
	<-conn.Done()
	<-voiceEnded
	s.mu.Lock()
	s.conn, s.uplink = nil, uplink{}
	s.past.add(conn.Stats())
	s.saveLinkedLocked()
	s.dropCallsLocked(conn)
	s.endBulkLocked()
	for _, ch := range s.channels {
		ch.linkLost()
	}
	s.mu.Unlock()
	return conn.Err()
}

// relayTime is the time of day by our relay's clock, as far as is known: what is said
// to expire is judged by it, and this device's own clock may be wrong.
func (s *Session) relayTime() time.Time {
	return s.cfg.Clock().Add(time.Duration(s.ears.ahead.Load()))
}

// emit gives an event out. Callers do not hold the mutex.
func (s *Session) emit(e Event) {
	select {
	case s.events <- e:
	case <-s.ctx.Done():
	}
}

func (s *Session) emitAll(news []Event) {
	for _, e := range news {
		s.emit(e)
	}
}

// task runs what the session does by itself. It ends when its calls are
// answered, which the link's end and Close see to.
func (s *Session) task(what string, fn func(context.Context) error) {
	s.wg.Go(func() {
		ctx, cancel := context.WithTimeout(s.ctx, taskTimeout)
		defer cancel()
		if err := fn(ctx); err != nil && s.ctx.Err() == nil {
			s.log.Warn(what, "why", err.Error())
		}
	})
}

// taskTimeout ends a task that gets no answers.
const taskTimeout = 30 * time.Second

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
