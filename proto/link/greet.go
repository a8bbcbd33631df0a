package link

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"time"

	"github.com/quic-go/quic-go"

	"crossband/proto"
	"crossband/proto/wire"
)

// terms are what two sides agreed on in their greeting.
type terms struct {
	version      uint32
	capabilities []string
	software     string        // the peer's
	skew         time.Duration // the peer's clock less ours
	probe        bool          // the peer only looks
	bulk         bool          // a bulk link
	offers       Offers        // the peer's
}

// Offers are what a peer said that it speaks, whatever was agreed on.
type Offers struct {
	VersionMin, VersionMax uint32   // 0 from a listener of before this was told
	Capabilities           []string // sorted, each once
}

// readOffers takes down what a greeting offers. Names are made printable: they are
// shown to administrators.
func readOffers(low, high uint32, capabilities []string) Offers {
	o := Offers{VersionMin: low, VersionMax: high}
	for _, c := range capabilities {
		o.Capabilities = append(o.Capabilities, printable(c))
	}
	slices.Sort(o.Capabilities)
	o.Capabilities = slices.Compact(o.Capabilities)
	return o
}

func (s *socket) hello(bulk bool) *wire.Hello {
	return &wire.Hello{
		Bulk:         bulk,
		VersionMin:   s.cfg.VersionMin,
		VersionMax:   s.cfg.VersionMax,
		Capabilities: s.cfg.Capabilities,
		TimeMs:       s.cfg.Now().UnixMilli(),
		Software:     s.cfg.Software,
		Probe:        s.cfg.Probe,
	}
}

// greetServer opens the control stream, says Hello and reads the answer.
func (s *socket) greetServer(q *quic.Conn, self, peer proto.Name, bulk bool) (*quic.Stream, terms, error) {
	stream, err := q.OpenStream()
	if err != nil {
		return nil, terms{}, err
	}
	stream.SetDeadline(time.Now().Add(s.cfg.Limits.GreetTime))
	if err := writeFrame(stream, &wire.Frame{Body: &wire.Frame_Hello{Hello: s.hello(bulk)}}); err != nil {
		return nil, terms{}, err
	}
	f, err := readGreeting(stream, self, peer)
	if err != nil {
		return nil, terms{}, err
	}
	ack := f.GetHelloAck()
	if ack == nil {
		return nil, terms{}, proto.Refusef(proto.ReasonNotReady, "kind %d in answer to a greeting", proto.KindOf(f))
	}
	t, err := s.judgeAck(ack)
	if t.bulk = bulk; bulk && err == nil {
		err = t.mayBeBulk(peer)
	}
	t.skew = s.skew(q, ack.TimeMs)
	return stream, t, errors.Join(err, stream.SetDeadline(time.Time{}))
}

// greetClient waits for the control stream and its Hello, and answers it.
func (s *socket) greetClient(q *quic.Conn, self, peer proto.Name) (*quic.Stream, terms, error) {
	by := time.Now().Add(s.cfg.Limits.GreetTime)
	ctx, cancel := context.WithDeadline(context.Background(), by)
	defer cancel()
	stream, err := q.AcceptStream(ctx)
	if err != nil {
		return nil, terms{}, err
	}
	stream.SetDeadline(by)
	f, err := readGreeting(stream, self, peer)
	if err != nil {
		return nil, terms{}, err
	}
	hello := f.GetHello()
	if hello == nil {
		return nil, terms{}, proto.Refusef(proto.ReasonNotReady, "kind %d before a greeting", proto.KindOf(f))
	}
	t, err := s.agree(hello)
	if t.bulk = hello.Bulk; hello.Bulk && err == nil {
		err = t.mayBeBulk(peer)
	}
	if err != nil {
		return nil, terms{}, err
	}
	t.skew = s.skew(q, hello.TimeMs)
	err = writeFrame(stream, &wire.Frame{Body: &wire.Frame_HelloAck{HelloAck: &wire.HelloAck{
		Version:      t.version,
		Capabilities: t.capabilities,
		TimeMs:       s.cfg.Now().UnixMilli(),
		Software:     s.cfg.Software,
		VersionMin:   s.cfg.VersionMin,
		VersionMax:   s.cfg.VersionMax,
		Others:       without(s.cfg.Capabilities, t.capabilities),
	}}})
	return stream, t, errors.Join(err, stream.SetDeadline(time.Time{}))
}

// agree picks the highest version that both sides speak and the capabilities
// that both offer.
func (s *socket) agree(h *wire.Hello) (terms, error) {
	if err := checkGreeting(h.Capabilities, h.Software); err != nil {
		return terms{}, err
	}
	if h.VersionMin > h.VersionMax || h.VersionMax == 0 {
		return terms{}, proto.Refusef(proto.ReasonMalformed, "versions %d to %d", h.VersionMin, h.VersionMax)
	}
	version := min(s.cfg.VersionMax, h.VersionMax)
	if version < s.cfg.VersionMin || version < h.VersionMin {
		return terms{}, proto.Refusef(proto.ReasonVersion, "the listener speaks versions %d to %d, the dialler %d to %d",
			s.cfg.VersionMin, s.cfg.VersionMax, h.VersionMin, h.VersionMax)
	}
	common := without(s.cfg.Capabilities, without(s.cfg.Capabilities, h.Capabilities))
	offers := readOffers(h.VersionMin, h.VersionMax, h.Capabilities)
	return terms{version: version, capabilities: common, software: printable(h.Software), probe: h.Probe, offers: offers}, nil
}

func without(list, gone []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(c string) bool { return slices.Contains(gone, c) })
}

// judgeAck checks that the listener kept to what we offered.
func (s *socket) judgeAck(a *wire.HelloAck) (terms, error) {
	if err := checkGreeting(a.Capabilities, a.Software); err != nil {
		return terms{}, err
	}
	if a.Version < s.cfg.VersionMin || a.Version > s.cfg.VersionMax {
		return terms{}, proto.Refusef(proto.ReasonVersion, "the listener chose version %d, the dialler speaks %d to %d",
			a.Version, s.cfg.VersionMin, s.cfg.VersionMax)
	}
	for _, c := range a.Capabilities {
		if !slices.Contains(s.cfg.Capabilities, c) {
			return terms{}, proto.Refuse(proto.ReasonMalformed, "a capability that was not offered")
		}
	}
	all := append(slices.Clone(a.Capabilities), a.Others...)
	if err := checkGreeting(all, ""); err != nil {
		return terms{}, err
	}
	if a.VersionMax != 0 && (a.VersionMin > a.Version || a.Version > a.VersionMax) {
		return terms{}, proto.Refusef(proto.ReasonMalformed, "version %d was chosen by who speaks %d to %d", a.Version, a.VersionMin, a.VersionMax)
	}
	offers := readOffers(a.VersionMin, a.VersionMax, all)
	return terms{version: a.Version, capabilities: a.Capabilities, software: printable(a.Software), offers: offers}, nil
}

func checkGreeting(capabilities []string, software string) error {
	if len(capabilities) > proto.MaxCapabilities {
		return proto.Refusef(proto.ReasonMalformed, "%d capabilities, limit %d", len(capabilities), proto.MaxCapabilities)
	}
	for _, c := range capabilities {
		if c == "" || len(c) > maxCapability {
			return proto.Refusef(proto.ReasonMalformed, "capability of %d octets, limit %d", len(c), maxCapability)
		}
	}
	if len(software) > maxSoftware {
		return proto.Refusef(proto.ReasonMalformed, "software text of %d octets, limit %d", len(software), maxSoftware)
	}
	return nil
}

// skew is the peer's clock, when its greeting arrived here, less ours: the
// greeting was under way for half a round trip.
func (s *socket) skew(q *quic.Conn, peerMs int64) time.Duration {
	there := time.UnixMilli(peerMs).Add(q.ConnectionStats().SmoothedRTT / 2)
	return there.Sub(s.cfg.Now())
}

func readGreeting(r io.Reader, self, peer proto.Name) (*wire.Frame, error) {
	f, err := proto.ReadFrame(r, func(k proto.Kind, n int) error {
		return proto.Permit(k, n, self, peer, proto.Ungreeted)
	})
	if err != nil {
		return nil, err
	}
	if r := f.GetRefused(); r != nil {
		return nil, &RefusedByPeer{proto.Refuse(proto.Reason(r.Code), printable(r.Detail))}
	}
	return f, nil
}

func writeFrame(w io.Writer, f *wire.Frame) error {
	b, err := proto.AppendFrame(nil, f)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// endGreeting closes a connection whose greeting failed with err and returns
// whose doing that was.
func endGreeting(q *quic.Conn, err error) error {
	var ours *proto.Refusal
	var theirs *RefusedByPeer
	switch {
	case errors.As(err, &theirs):
		refuse(q, proto.Refuse(proto.ReasonClosing, ""))
		return theirs
	case errors.As(err, &ours):
		refuse(q, ours)
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		refuse(q, proto.Refuse(proto.ReasonSlow, "no greeting in time"))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		refuse(q, proto.Refuse(proto.ReasonMalformed, "the stream ended within the greeting"))
	case errors.Is(err, context.Canceled):
		refuse(q, proto.Refuse(proto.ReasonClosing, ""))
	default: // the connection is over or the stream is broken
		refuse(q, proto.Refuse(proto.ReasonMalformed, "the control stream was reset"))
	}
	return verdict(context.Cause(q.Context())) // what came first counts
}
