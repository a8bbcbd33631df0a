package federation

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync"
	"time"

	"crossband/cmd/crossband/internal/bench/barelink"
	"crossband/cmd/crossband/internal/bench/stand"
	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/link"
	"crossband/proto/wire"
)

// station is a device's link without a session behind it: it seals and opens nothing, so
// that what is measured is the way and not its ends.
type station struct {
	*link.Conn
	dialer  *link.Dialer
	answers chan *wire.Frame // answers to calls, and news of the floor
	lastID  uint64
	wg      sync.WaitGroup // the readers
}

// answersKept bounds frames that nobody has taken; beyond it the newest is dropped, and
// whoever waits for it says so.
const answersKept = 256

// dial links a device of an agency with its relay.
func dial(ctx context.Context, a *stand.Agency, id *identity.Identity) (*station, error) {
	trust, err := id.TrustStore(time.Now())
	if err != nil {
		return nil, err
	}
	certificate := func() (*tls.Certificate, error) { c, err := id.TLSCertificate(); return &c, err }
	d, err := barelink.Endpoint{Name: id.Name, Certificate: certificate, Trust: trust}.Dialer()
	if err != nil {
		return nil, err
	}
	c, err := d.Dial(ctx, a.Listen, link.RelayOf(a.Name))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", id.Name, err), d.Close())
	}
	st := &station{Conn: c, dialer: d, answers: make(chan *wire.Frame, answersKept)}
	st.wg.Go(st.read) // ends with the link
	return st, nil
}

// read takes all frames of the link, as every device must, and keeps what is waited for.
func (st *station) read() {
	for {
		f, err := st.Receive(context.Background())
		if err != nil {
			return
		}
		switch f.Body.(type) {
		case *wire.Frame_FloorGranted, *wire.Frame_FloorTaken, *wire.Frame_FloorDeny, *wire.Frame_FloorRevoke:
		default:
			if f.Re == 0 {
				continue
			}
		}
		select {
		case st.answers <- f:
		default:
		}
	}
}

// close ends the link.
func (st *station) close() {
	st.dialer.Close()
	st.wg.Wait()
}

// answer waits for a frame for which ok holds; others are forgotten.
func (st *station) answer(ctx context.Context, what string, ok func(*wire.Frame) bool) (*wire.Frame, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		select {
		case f := <-st.answers:
			if ok(f) {
				return f, nil
			}
		case <-st.Done():
			return nil, fmt.Errorf("wait for %s: %w", what, st.Err())
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for %s: %w", what, ctx.Err())
		}
	}
}

// subscribe asks for a channel's voice under an alias and returns the one for voice that
// is sent.
func (st *station) subscribe(ctx context.Context, ch proto.ChannelID, alias proto.Alias) (proto.Alias, error) {
	st.lastID++
	id := st.lastID
	if err := st.Send(&wire.Frame{Id: id, Body: &wire.Frame_Subscribe{Subscribe: &wire.Subscribe{Channel: ch[:], Alias: uint64(alias)}}}); err != nil {
		return 0, err
	}
	f, err := st.answer(ctx, "a subscription", func(f *wire.Frame) bool { return f.Re == id })
	if err != nil {
		return 0, err
	}
	if r := f.GetRefused(); r != nil {
		return 0, fmt.Errorf("subscription: %w", proto.Refuse(proto.Reason(r.Code), r.Detail))
	}
	return proto.Alias(f.GetSubscribed().GetAlias()), nil
}

// press asks for the floor and returns the own place in the group, which the relays
// bind frames to.
func (st *station) press(ctx context.Context, ch proto.ChannelID, burst proto.BurstID) (leaf uint32, err error) {
	for len(st.answers) > 0 {
		<-st.answers
	}
	err = st.Send(&wire.Frame{Body: &wire.Frame_FloorRequest{FloorRequest: &wire.FloorRequest{
		Channel: ch[:], Burst: burst[:], Priority: uint32(proto.PriorityRoutine),
	}}})
	if err != nil {
		return 0, err
	}
	granted, taken := false, false
	for !granted || !taken {
		f, err := st.answer(ctx, "the floor", func(f *wire.Frame) bool { return f.Re == 0 })
		if err != nil {
			return 0, err
		}
		switch b := f.Body.(type) {
		case *wire.Frame_FloorGranted:
			granted = granted || string(b.FloorGranted.Burst) == string(burst[:])
		case *wire.Frame_FloorTaken:
			if string(b.FloorTaken.Burst) == string(burst[:]) {
				taken, leaf = true, b.FloorTaken.Leaf
			}
		case *wire.Frame_FloorDeny:
			if string(b.FloorDeny.Burst) == string(burst[:]) {
				return 0, fmt.Errorf("floor: %w", proto.Refuse(proto.Reason(b.FloorDeny.Code), b.FloorDeny.Holder))
			}
		}
	}
	return leaf, nil
}

// release gives the floor back.
func (st *station) release(ch proto.ChannelID, burst proto.BurstID) error {
	return st.Send(&wire.Frame{Body: &wire.Frame_FloorRelease{FloorRelease: &wire.FloorRelease{Channel: ch[:], Burst: burst[:]}}})
}
