package console

import (
	"context"
	"slices"
	"time"

	"crossband/client"
	"crossband/client/patch"
	"crossband/proto"
)

func (s *Server) doPatch(ctx context.Context, d Deed) (Outcome, error) {
	if len(d.Channels) > patch.MaxLegs {
		return Outcome{}, proto.Refusef(proto.ReasonMalformed, "%d channels; at most %d", len(d.Channels), patch.MaxLegs)
	}
	lasts := time.Duration(d.Minutes) * time.Minute
	if d.Minutes < 1 || lasts > patch.MaxLife {
		return Outcome{}, proto.Refusef(proto.ReasonMalformed, "%d minutes; 1 to %d", d.Minutes, patch.MaxLife/time.Minute)
	}
	var channels []*client.Channel
	var legs []patch.Leg
	for _, text := range d.Channels {
		ch, err := s.joinedChannel(text)
		if err != nil {
			return Outcome{}, err
		}
		channels, legs = append(channels, ch), append(legs, ch)
	}
	if err := hear(ctx, channels); err != nil {
		return Outcome{}, err
	}
	id, err := s.patches.open(ctx, legs, lasts, s.cfg.Clock())
	if err != nil {
		return Outcome{}, err
	}
	if err = hear(ctx, channels); err != nil { // a page may have stopped one while they were told
		s.endSoon(id)
	}
	return Outcome{}, err
}

// hear has the voice of channels come here: a patch carries what comes, and nobody on
// them could see that nothing does.
func hear(ctx context.Context, channels []*client.Channel) error {
	for _, ch := range channels {
		if err := ch.Listen(ctx, true); err != nil {
			return err
		}
	}
	return nil
}

// joinedChannel is a channel of which this endpoint is a member.
func (s *Server) joinedChannel(text string) (*client.Channel, error) {
	ch, err := s.channel(text)
	if err != nil {
		return nil, err
	}
	_, err = ch.Members()
	return ch, err
}

func (s *Server) doUnpatch(ctx context.Context, d Deed) (Outcome, error) {
	return Outcome{}, s.patches.end(ctx, d.Patch)
}

// alsoPatched adds the other channels of the patches that a press concerns, for those
// there are to hear it too, and has the patches make room for it.
func (s *Server) alsoPatched(ctx context.Context, on map[proto.ChannelID]talker) {
	for _, o := range s.patches.now() {
		if !slices.ContainsFunc(o.Channels(), func(id proto.ChannelID) bool { _, pressed := on[id]; return pressed }) {
			continue
		}
		for _, l := range o.Legs() {
			on[l.ID()] = l
		}
	}
	for id := range on {
		s.patches.yield(ctx, id)
	}
}

// endPatches ends every patch when the page is served no more.
func (s *Server) endPatches() {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	s.patches.closeAll(ctx)
}

// endSome ends the patches that are over by themselves, and those of a channel that
// this endpoint is in no more.
func (s *Server) endSome() {
	s.telling(func(ctx context.Context) {
		s.patches.ended(ctx, func(id proto.ChannelID) bool {
			_, err := s.joinedChannel(id.String())
			return err != nil
		})
	})
}

// endSoon ends a patch.
func (s *Server) endSoon(id string) {
	s.telling(func(ctx context.Context) { s.patches.end(ctx, id) })
}

// telling calls what tells the channels of a patch, which may take a while.
func (s *Server) telling(f func(context.Context)) {
	s.tasks.Go(func() { // ends within sendTimeout a channel, or with the server
		ctx, cancel := context.WithTimeout(s.ctx, patch.MaxLegs*sendTimeout)
		defer cancel()
		f(ctx)
	})
}

func (s *Server) doListen(ctx context.Context, d Deed) (Outcome, error) {
	if d.State != "on" && d.State != "off" {
		return Outcome{}, proto.Refusef(proto.ReasonMalformed, "state %q; on or off", d.State)
	}
	ch, err := s.joinedChannel(d.Channel)
	if err != nil {
		return Outcome{}, err
	}
	if _, patched := s.patches.of(ch.ID()); patched && d.State == "off" {
		return Outcome{}, ErrPatched
	}
	if err := ch.Listen(ctx, d.State == "on"); err != nil {
		return Outcome{}, err
	}
	return Outcome{}, s.board.do(ctx, func(Board) {}) // a picture is due
}
