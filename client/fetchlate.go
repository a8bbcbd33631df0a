package client

import (
	"context"
	"slices"
	"strconv"
	"time"

	"crossband/client/voice"
	"crossband/proto"
	"crossband/proto/wire"
)

// What a device asks its relay for of the voice that it missed.
const (
	// outageNoticed is how much earlier a link may have been lost than its end was
	// noticed, and two seconds for what was on its way.
	outageNoticed = proto.LinkIdle + proto.LinkKeepAlive + 2*time.Second
	lateTimeout   = 2 * time.Minute
	lateAgain     = 2 * time.Second // until a page is asked for again that the quota refused
	maxFetched    = 4 << 20         // octets of one channel's, however much a relay says that it has
	linkedEvery   = time.Minute
	linkedKey     = "linked"
)

// latePace bounds what late voice takes of a live link, where the relay has no bulk links: one page at a time, so many octets,
// no sooner than so long after the one before. While somebody talks it is a small part
// of what a live burst takes; otherwise what is old is there before its keys are gone.
func latePace(talk bool) (octets int, every time.Duration) {
	if talk {
		return 2 << 10, 250 * time.Millisecond
	}
	return 8 << 10, 125 * time.Millisecond
}

// takesLate reports whether anybody wants what was missed.
func (s *Session) takesLate() bool { _, ok := s.cfg.Sink.(LateSink); return ok }

// awayLocked notes since when a channel has not been heard, when its link has ended.
func (ch *Channel) awayLocked() {
	if ch.out != 0 && !ch.deaf && ch.away.IsZero() {
		ch.away = ch.s.cfg.Clock().Add(-outageNoticed)
	}
}

// fetchLate starts the one goroutine that fetches what was said on a channel while it
// was not heard. It ends when all is there, with the link, or after lateTimeout.
func (ch *Channel) fetchLate() {
	s := ch.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if ch.away.IsZero() || ch.group == nil || ch.deaf || ch.fetchingLate || !s.takesLate() {
		return
	}
	ch.fetchingLate = true
	since, until := ch.away, s.cfg.Clock()
	s.wg.Go(func() {
		ctx, cancel := context.WithTimeout(s.ctx, lateTimeout)
		defer cancel()
		err := ch.fetchSince(ctx, since, until)
		s.mu.Lock()
		if ch.fetchingLate = false; endsFetching(err) {
			ch.away = time.Time{}
		}
		s.mu.Unlock()
		if err != nil && s.ctx.Err() == nil {
			s.log.Info("missed voice not fetched", "channel", ch.id.Short(), "why", err.Error())
		}
	})
}

// endsFetching tells an answer, be it a refusal, from a link that was lost again.
func endsFetching(err error) bool {
	return err == nil || proto.ReasonOf(err) != proto.ReasonInternal
}

// fetchSince fetches page by page, has the ears open each, and gives out what they
// have put together.
func (ch *Channel) fetchSince(ctx context.Context, since, until time.Time) error {
	var after, newest uint64
	for size := 0; ; {
		page, err := ch.latePage(ctx, since, after)
		if proto.ReasonOf(err) == proto.ReasonQuota && sleep(ctx, lateAgain) {
			continue // other requests of the new link have used it up; lateTimeout bounds the tries
		}
		if err != nil {
			return err
		}
		for _, f := range page.Frames {
			size += len(f)
		}
		if newest == 0 {
			newest = page.Newest // what passes from now on is live
		}
		last := !page.More || page.Next <= after || page.Next >= newest || size >= maxFetched
		after = page.Next
		k := keptVoice{alias: ch.in, frames: page.Frames, since: since, until: until}
		if last {
			k.found = make(chan []*lateHearing, 1)
		}
		select {
		case ch.s.ears.kept <- k:
		case <-ctx.Done():
			return ctx.Err()
		}
		if !last {
			continue
		}
		select {
		case list := <-k.found:
			ch.giveLate(list)
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// latePage asks for one page. Over the live link it is asked for when it is its turn, for
// there all channels share one pace; a bulk link has a pace of its own. The turn is taken
// once there is a link: nobody who could ask waits for one who cannot.
func (ch *Channel) latePage(ctx context.Context, since time.Time, after uint64) (*wire.KeptVoice, error) {
	s := ch.s
	for began := time.Now(); ; {
		w, err := s.wideNow(noHurry, began)
		if err != nil {
			return nil, err
		}
		if w.conn == nil {
			if err := w.wait(ctx); err != nil {
				return nil, err
			}
			continue
		}
		a, again, err := ch.latePageOver(ctx, w.bulk, began, since, after)
		if again {
			continue
		}
		if err != nil {
			return nil, err
		}
		if a.GetKeptVoice() == nil {
			return nil, proto.Refuse(proto.ReasonMalformed, "the relay's answer is no kept voice")
		}
		return a.GetKeptVoice(), nil
	}
}

// latePageOver asks for a page over the bulk link or, in its turn, over the live one.
// again says that it cannot be asked for there any more.
func (ch *Channel) latePageOver(ctx context.Context, bulk bool, began, since time.Time, after uint64) (a *wire.Frame, again bool, err error) {
	s := ch.s
	if !bulk {
		select {
		case <-s.lateTurn:
		case <-ctx.Done():
			return nil, false, ctx.Err()
		}
	}
	var every time.Duration
	defer func() {
		if !bulk {
			time.AfterFunc(every, func() { s.lateTurn <- struct{}{} }) // it holds one token, which we have
		}
	}()
	w, err := s.wideTurn(ctx, s.Name().Agency, noHurry, began)
	if err != nil || w.conn == nil || w.bulk != bulk {
		if w.conn != nil {
			s.giveWide(w)
		}
		return nil, err == nil, err
	}
	octets := proto.MaxKeptVoice
	if !bulk {
		octets, every = latePace(s.somebodyTalks())
	}
	return s.askWide(ctx, w, fetchVoice(ch.id, min(max(s.cfg.Clock().Sub(since), 0), proto.VoiceKept), after, octets))
}

func fetchVoice(id proto.ChannelID, within time.Duration, after uint64, most int) *wire.Frame {
	return &wire.Frame{Body: &wire.Frame_FetchVoice{FetchVoice: &wire.FetchVoice{
		Channel: id[:], WithinMs: uint32(within.Milliseconds()), After: after, Most: uint32(most),
	}}}
}

// somebodyTalks reports whether voice comes in on any channel, or goes out.
func (s *Session) somebodyTalks() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.somebodyTalksLocked()
}

func (s *Session) somebodyTalksLocked() bool {
	for _, ch := range s.channels {
		if ch.burst != nil || ch.out != 0 && ch.floor.Holder != (proto.Name{}) {
			return true
		}
	}
	return false
}

// giveLate judges bursts and gives them out, the oldest first.
func (ch *Channel) giveLate(list []*lateHearing) {
	s := ch.s
	type burst struct {
		LateBurst
		forged int
	}
	var given []burst
	for _, h := range list {
		c := h.frames.Collected()
		if c.Forged > 0 {
			s.log.Warn("forged voice", "from", h.from.name.String(), "frames", c.Forged)
		}
		if c.Frames == 0 {
			continue
		}
		given = append(given, burst{LateBurst{
			Channel: ch.id, Burst: proto.BurstID(h.burst), From: h.from.name, At: c.At.Time().Add(-h.ahead),
			Codec: c.Codec, Payloads: c.Payloads, Genuine: c.Genuine, Whole: c.Whole,
		}, c.Forged})
	}
	slices.SortFunc(given, func(a, b burst) int { return a.At.Compare(b.At) })
	s.giving.Lock()
	defer s.giving.Unlock()
	for _, b := range given {
		s.cfg.Sink.(LateSink).Late(b.LateBurst)
		s.emit(BurstLate{
			Channel: b.Channel, Burst: b.Burst, From: b.From, At: b.At, Length: time.Duration(len(b.Payloads)) * voice.FrameDuration,
			Forged: b.forged, Genuine: b.Genuine, Whole: b.Whole,
		})
	}
}

// rememberLink keeps until when this device has heard its channels, so that the next
// run knows what it has missed. It ends with Close.
func (s *Session) rememberLink() {
	for sleep(s.ctx, linkedEvery) {
		s.mu.Lock()
		if s.conn != nil {
			s.saveLinkedLocked()
		}
		s.mu.Unlock()
	}
}

func (s *Session) saveLinkedLocked() {
	if !s.takesLate() || s.expelled != nil {
		return
	}
	if err := s.saveLocked(linkedKey, strconv.AppendInt(nil, s.cfg.Clock().UnixMilli(), 10)); err != nil {
		s.log.Warn("time of the link not kept", "why", err.Error())
	}
}

// missedSinceLocked tells the channels that the last run was in since when they have
// not been heard.
func (s *Session) missedSinceLocked() {
	b, err := s.cfg.State.Load(linkedKey)
	ms, wrong := strconv.ParseInt(string(b), 10, 64)
	if err != nil || wrong != nil || !s.takesLate() {
		return // never yet: nothing is missed
	}
	for _, ch := range s.channels {
		if ch.group != nil {
			ch.away = time.UnixMilli(ms).Add(-lateSlack)
		}
	}
}
