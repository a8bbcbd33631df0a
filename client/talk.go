package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"crossband/client/voice"
	"crossband/proto"
	"crossband/proto/wire"
)

// TalkOptions says how a press is made. The zero value is a routine one that is
// denied when somebody else talks.
type TalkOptions struct {
	Burst    proto.BurstID  // the number of a burst that is said again (package patch); zero: a new one
	Priority proto.Priority // 0: PriorityRoutine
	Queue    bool           // wait for the floor rather than be denied
	OnGrant  func(limit time.Duration)
	OnQueue  func(position int, holder proto.Name)
	OnWarn   func(left time.Duration)
}

// TalkReport tells how a burst went.
type TalkReport struct {
	Burst    proto.BurstID
	Pressed  time.Time
	Granted  time.Time   // zero: never
	Captured []time.Time // when each frame had been captured, by its index
	Sent     int         // audio frames, without those sent again after the grant
	Again    int         // frames sent again after the grant
	Blocks   int         // signatures
	Local    bool        // granted by our relay while the hub is away
}

// Limits of a burst.
const (
	grantTimeout = voice.EarlyLife // a relay that says nothing for so long will not
	earlyFrames  = 75              // kept from the press until the grant: 1.5 s; beyond it the oldest goes
	againPerTick = 4               // of them sent again in each 20 ms once granted
)

// Burst is one press of push-to-talk under way.
type Burst struct {
	id      proto.BurstID
	granted time.Time
	limit   time.Duration
	local   bool
	queued  int
	holder  proto.Name
	left    time.Duration // to the talk limit, once warned
	err     error         // set: the burst is over
}

func (b *Burst) endLocked(err error) {
	if b.err == nil {
		b.err = err
	}
}

// ErrBusy says that this endpoint talks on the channel already.
var ErrBusy = errors.New("client: already talking on this channel")

// Talk presses, says what src gives in real time, and releases. Speech is taken
// from the press on and sent at once; what went out before the floor was
// granted is sent again then, so that no first syllable is lost, and src is
// read to its end before the release, so that no last one is.
//
// It returns a *proto.Refusal when the floor is denied or taken away.
func (ch *Channel) Talk(ctx context.Context, src voice.Source, o TalkOptions) (TalkReport, error) {
	if o.Priority == 0 {
		o.Priority = proto.PriorityRoutine
	}
	if err := ch.beforeSending(ctx); err != nil {
		return TalkReport{}, err
	}
	t, err := ch.press(src.Codec(), o)
	if err != nil {
		return TalkReport{}, err
	}
	err = t.run(ctx, src)
	t.release()
	return t.report, err
}

// talk is the talker's side of one burst. It belongs to the caller's goroutine;
// only Burst is shared, under the Session's mutex.
type talk struct {
	ch     *Channel
	o      TalkOptions
	burst  *Burst
	report TalkReport
	number *voice.Talker
	signer *voice.BurstSigner
	clock  voice.TalkClock
	blocks hash.Hash    // of the burst's signature blocks, one after the other
	early  []earlyFrame // sent before the grant
	again  int          // of early, already sent again
	anew   [][]byte     // payloads of early to be said anew
	queued bool         // not capturing: we wait for our turn
	warned bool
}

// earlyFrame is a frame sent before the grant. A signature has no payload.
type earlyFrame struct{ sealed, payload []byte }

func (ch *Channel) press(codec voice.Codec, o TalkOptions) (*talk, error) {
	s := ch.s
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.expelled != nil:
		return nil, s.expelled
	case ch.ended() != nil:
		return nil, ch.ended()
	case ch.group == nil:
		return nil, proto.Refuse(proto.ReasonNotMember, ch.charter.Title)
	case ch.burst != nil:
		return nil, ErrBusy
	case ch.out == 0 || s.conn == nil:
		return nil, ErrNoLink
	}
	t := &talk{ch: ch, o: o, burst: &Burst{id: o.Burst}}
	if t.burst.id == (proto.BurstID{}) {
		t.burst.id = proto.NewBurstID()
	}
	t.report = TalkReport{Burst: t.burst.id, Pressed: time.Now()}
	t.blocks = sha256.New()
	t.number = voice.NewTalker(voice.BurstID(t.burst.id), codec)
	s.clock.Burst(s.cfg.Clock(), s.conn.ClockSkew())
	t.clock = s.clock
	var err error
	t.signer, err = voice.NewBurstSigner(voice.BurstContext{
		Channel: ch.id, Leaf: uint32(ch.group.OwnLeaf()), Burst: voice.BurstID(t.burst.id),
	}, s.identity.Key, rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("sign burst: %w", err)
	}
	err = s.tellLocked(&wire.Frame{Body: &wire.Frame_FloorRequest{FloorRequest: &wire.FloorRequest{
		Channel: ch.id[:], Burst: t.burst.id[:], Priority: uint32(o.Priority), Queue: o.Queue,
	}}})
	if err != nil {
		return nil, errors.Join(ErrNoLink, err)
	}
	ch.burst = t.burst
	return t, nil
}

// run captures a frame every 20 ms until src ends or the floor is lost.
func (t *talk) run(ctx context.Context, src voice.Source) error {
	tick := time.NewTicker(proto.VoiceFrame)
	defer tick.Stop()
	t.limit(src)
	next, err := src.Next()
	for err == nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if lost := t.look(); lost != nil {
			return lost
		}
		if t.queued {
			continue
		}
		payload, last := next, false
		if len(t.anew) > 0 {
			payload, t.anew = t.anew[0], t.anew[1:]
		} else {
			t.limit(src)
			next, err = src.Next()
			last = err != nil
		}
		if err := t.say(payload, last); err != nil {
			return err
		}
		t.sayAgain(againPerTick)
	}
	if !errors.Is(err, io.EOF) {
		return err
	}
	return t.finish(ctx, tick)
}

// look takes in what has become of the request.
func (t *talk) look() error {
	t.ch.s.mu.Lock()
	b := *t.burst
	t.ch.s.mu.Unlock()
	switch {
	case b.err != nil:
		return b.err
	case !b.granted.IsZero():
		if t.report.Granted.IsZero() {
			t.queued = false
			t.report.Granted, t.report.Local = b.granted, b.local
			t.tooLate()
			if t.o.OnGrant != nil {
				t.o.OnGrant(b.limit)
			}
		}
		if b.left > 0 && !t.warned {
			t.warned = true
			if t.o.OnWarn != nil {
				t.o.OnWarn(b.left)
			}
		}
	case b.queued > 0:
		if !t.queued && t.o.OnQueue != nil {
			t.o.OnQueue(b.queued, b.holder)
		}
		t.queued = true
	case time.Since(t.report.Pressed) > grantTimeout && !t.queued:
		return proto.Refuse(proto.ReasonHubAway, t.ch.charter.Title)
	}
	return nil
}

// say seals and sends one frame, and its second's signature when one is due.
func (t *talk) say(payload []byte, last bool) error {
	f, err := t.number.Next(payload, last, t.stamp())
	if err != nil {
		return err
	}
	t.report.Captured = append(t.report.Captured, time.Now())
	sealed, err := t.seal(f)
	if err != nil {
		return err
	}
	t.send(earlyFrame{sealed, payload})
	t.report.Sent++
	due, err := t.signer.Add(sealed)
	if err == nil && due {
		err = t.sign(false)
	}
	return err
}

func (t *talk) stamp() voice.Stamp { return t.clock.Stamp(t.ch.s.cfg.Clock()) }

// seal seals a frame under the key in use.
func (t *talk) seal(f voice.Frame) ([]byte, error) {
	t.ch.s.mu.Lock()
	defer t.ch.s.mu.Unlock()
	return t.sealLocked(f)
}

func (t *talk) sealLocked(f voice.Frame) ([]byte, error) {
	plain, err := f.AppendTo(nil)
	if err != nil {
		return nil, err
	}
	if t.ch.sender == nil {
		return nil, proto.Refuse(proto.ReasonNotMember, t.ch.charter.Title)
	}
	return t.ch.sender.Seal(nil, nil, plain)
}

// send sends a sealed frame and, before the grant, keeps it.
func (t *talk) send(f earlyFrame) {
	t.put(f.sealed)
	if t.report.Granted.IsZero() {
		if len(t.early) == earlyFrames {
			t.early = t.early[1:]
		}
		f.payload = bytes.Clone(f.payload)
		t.early = append(t.early, f)
	}
}

// tooLate is called at the grant. What went out before we were told to wait
// would be refused as old by those who hear it after a long wait: it is said
// anew then, as a part of what is said now. Nobody has heard it: relays keep voice
// from before a grant for a second at most. Where it is the hub's word that took so
// long, its last second is heard twice.
func (t *talk) tooLate() {
	if t.report.Granted.Sub(t.report.Pressed) <= voice.EarlyLife {
		return
	}
	for _, f := range t.early {
		if f.payload != nil {
			t.anew = append(t.anew, f.payload)
		}
	}
	t.early = nil
}

func (t *talk) put(sealed []byte) {
	t.ch.s.mu.Lock()
	conn, out := t.ch.s.conn, t.ch.out
	t.ch.s.mu.Unlock()
	if conn != nil && out != 0 {
		conn.SendVoice(out, sealed)
	}
}

// sayAgain sends up to n of the frames that went out before the grant, the very
// same octets: who heard them drops them as repeated.
func (t *talk) sayAgain(n int) {
	if t.report.Granted.IsZero() {
		return
	}
	for ; n > 0 && t.again < len(t.early); n-- {
		t.put(t.early[t.again].sealed)
		t.again++
		t.report.Again++
	}
}

// sign sends a signature block. The last one goes out twice: with it the
// listener knows that it has heard all.
func (t *talk) sign(final bool) error {
	copies := 1
	if final {
		copies = 2
	}
	sealed, err := t.signedBlock(final, copies)
	if err != nil {
		return err
	}
	for _, b := range sealed {
		t.send(earlyFrame{sealed: b})
	}
	t.report.Blocks++
	return nil
}

// signedBlock signs and seals in one go under the mutex: a block is bound to the
// epoch that seals it, which must not change in between.
func (t *talk) signedBlock(final bool, copies int) (sealed [][]byte, err error) {
	t.ch.s.mu.Lock()
	defer t.ch.s.mu.Unlock()
	if t.ch.sender == nil {
		return nil, proto.Refuse(proto.ReasonNotMember, t.ch.charter.Title)
	}
	block, err := t.signer.Block(t.ch.sender.Epoch(), final)
	if err != nil {
		return nil, err
	}
	t.blocks.Write(block.Bytes)
	f := t.number.Signature(block, t.stamp())
	for range copies {
		b, err := t.sealLocked(f)
		if err != nil {
			return nil, err
		}
		sealed = append(sealed, b)
	}
	return sealed, nil
}

// finish waits for a grant that is still on its way when src was short, sends
// again what that takes, and signs the burst's end. It does not wait for longer
// than what has been said stays live: then the caller has to say it again.
func (t *talk) finish(ctx context.Context, tick *time.Ticker) error {
	if err := t.sign(true); err != nil {
		return err
	}
	for t.report.Granted.IsZero() || t.again < len(t.early) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if err := t.look(); err != nil {
			return err
		}
		if (t.queued || len(t.anew) > 0) && time.Since(t.report.Pressed) > voice.EarlyLife {
			return proto.Refuse(proto.ReasonQueueExpired, t.ch.charter.Title)
		}
		t.sayAgain(againPerTick)
	}
	select { // voice and control are separate: let the last frames leave before the release
	case <-tick.C:
	case <-ctx.Done():
	}
	return nil
}

func (t *talk) release() {
	s := t.ch.s
	s.mu.Lock()
	defer s.mu.Unlock()
	t.ch.burst = nil
	s.tellLocked(&wire.Frame{Body: &wire.Frame_FloorRelease{FloorRelease: &wire.FloorRelease{Channel: t.ch.id[:], Burst: t.burst.id[:]}}})
	t.tellLocked()
}

// burstNewsLocked takes in what the hub says about our own request.
func (s *Session) burstNewsLocked(f *wire.Frame) {
	mine := func(channel, burst []byte) *Burst {
		ch := s.channelLocked(channel)
		if ch == nil || ch.burst == nil || string(ch.burst.id[:]) != string(burst) {
			return nil
		}
		return ch.burst
	}
	switch m := f.Body.(type) {
	case *wire.Frame_FloorGranted:
		if b := mine(m.FloorGranted.Channel, m.FloorGranted.Burst); b != nil && b.granted.IsZero() {
			b.granted, b.local = time.Now(), m.FloorGranted.Local
			b.limit = time.Duration(m.FloorGranted.LimitMs) * time.Millisecond
		}
	case *wire.Frame_FloorDeny:
		if b := mine(m.FloorDeny.Channel, m.FloorDeny.Burst); b != nil {
			b.endLocked(proto.Refuse(reasonOf(m.FloorDeny.Code), m.FloorDeny.Holder))
		}
	case *wire.Frame_FloorQueuePosition:
		if b := mine(m.FloorQueuePosition.Channel, m.FloorQueuePosition.Burst); b != nil {
			b.queued = int(m.FloorQueuePosition.Position)
			b.holder, _ = proto.ParseName(m.FloorQueuePosition.Holder)
		}
	case *wire.Frame_FloorRevoke:
		if b := mine(m.FloorRevoke.Channel, m.FloorRevoke.Burst); b != nil {
			b.endLocked(proto.Refuse(reasonOf(m.FloorRevoke.Code), m.FloorRevoke.By))
		}
	case *wire.Frame_FloorWarning:
		if b := mine(m.FloorWarning.Channel, m.FloorWarning.Burst); b != nil {
			b.left = time.Duration(m.FloorWarning.LeftMs) * time.Millisecond
		}
	}
	s.changedLocked()
}
