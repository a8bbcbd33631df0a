package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"crossband/cmd/crossband/internal/bench/barelink"
	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/link"
	"crossband/proto/wire"
)

// station is an endpoint reduced to what a relay sees of one: a certificate, a link
// on a socket of its own, requests and their answers.
type station struct {
	unit    *unit
	dialer  *link.Dialer
	conn    *link.Conn
	answers chan *wire.Frame // what came with Re set, and news of the own floor
	asked   uint64
	alias   proto.Alias // the relay's number of its channel
}

// stationChannel is a station's own number for its channel.
const stationChannel proto.Alias = 1

// Times of setting up. Waiting longer helps nobody.
const (
	dialTime   = 10 * time.Second
	answerTime = 20 * time.Second
)

// connect makes a station's link. capabilities are what it offers.
func connect(ctx context.Context, u *unit, trust *identity.TrustStore, relay net.Addr, capabilities []string) (*station, error) {
	certificate := func() (*tls.Certificate, error) { return &u.cert, nil }
	d, err := barelink.Endpoint{Name: u.name, Certificate: certificate, Trust: trust, Capabilities: capabilities}.Dialer()
	if err != nil {
		return nil, err
	}
	s := &station{unit: u, dialer: d, answers: make(chan *wire.Frame, 4)}
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	if s.conn, err = s.dialer.Dial(ctx, relay, link.RelayOf(u.name.Agency)); err != nil {
		return nil, fmt.Errorf("link of %s: %w", u.name, errors.Join(err, s.dialer.Close()))
	}
	return s, nil
}

// read takes frames off the link until it ends.
func (s *station) read() {
	for {
		f, err := s.conn.Receive(context.Background())
		if err != nil {
			return
		}
		if f.Re == 0 && f.GetFloorGranted() == nil && f.GetFloorDeny() == nil && f.GetFloorRevoke() == nil {
			continue
		}
		select {
		case s.answers <- f:
		default: // nobody asked
		}
	}
}

// listen hears voice until the link ends.
func (s *station) listen(e *ear) {
	for {
		b, err := s.conn.ReceiveVoice(context.Background())
		if err != nil {
			return
		}
		if _, frame, err := proto.ParseVoice(b); err == nil {
			e.hear(frame)
		}
	}
}

// call asks for something and waits for the answer. One goroutine asks at a time.
func (s *station) call(ctx context.Context, f *wire.Frame) (*wire.Frame, error) {
	s.asked++
	f.Id = s.asked
	if err := s.conn.Send(f); err != nil {
		return nil, err
	}
	return s.await(ctx, func(a *wire.Frame) bool { return a.Re == f.Id })
}

func (s *station) await(ctx context.Context, is func(*wire.Frame) bool) (*wire.Frame, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	for {
		select {
		case a := <-s.answers:
			if !is(a) {
				continue
			}
			if r := a.GetRefused(); r != nil {
				return nil, proto.Refuse(proto.Reason(r.Code), r.Detail)
			}
			return a, nil
		case <-s.conn.Done():
			return nil, fmt.Errorf("link of %s: %w", s.unit.name, s.conn.Err())
		case <-ctx.Done():
			return nil, fmt.Errorf("%s waits for an answer: %w", s.unit.name, ctx.Err())
		}
	}
}

// subscribe asks for a channel's voice.
func (s *station) subscribe(ctx context.Context, channel proto.ChannelID) error {
	a, err := s.call(ctx, &wire.Frame{Body: &wire.Frame_Subscribe{Subscribe: &wire.Subscribe{Channel: channel[:], Alias: uint64(stationChannel)}}})
	if err != nil {
		return fmt.Errorf("%s subscribes: %w", s.unit.name, err)
	}
	s.alias = proto.Alias(a.GetSubscribed().GetAlias())
	return nil
}

// press takes the channel's floor and returns what gives it back.
func (s *station) press(ctx context.Context, channel proto.ChannelID) (release func(), err error) {
	burst := proto.NewBurstID()
	err = s.conn.Send(&wire.Frame{Body: &wire.Frame_FloorRequest{FloorRequest: &wire.FloorRequest{
		Channel: channel[:], Burst: burst[:], Priority: uint32(proto.PriorityRoutine),
	}}})
	if err != nil {
		return nil, err
	}
	a, err := s.await(ctx, func(a *wire.Frame) bool { return a.GetFloorGranted() != nil || a.GetFloorDeny() != nil })
	if err != nil {
		return nil, err
	}
	if d := a.GetFloorDeny(); d != nil {
		return nil, proto.Refusef(proto.Reason(d.Code), "%s asks for the floor", s.unit.name)
	}
	return func() {
		s.conn.Send(&wire.Frame{Body: &wire.Frame_FloorRelease{FloorRelease: &wire.FloorRelease{Channel: channel[:], Burst: burst[:]}}})
	}, nil
}
