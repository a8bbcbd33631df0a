package console

import (
	"cmp"
	"context"
	"slices"
	"time"

	"crossband/client"
	"crossband/proto"
)

// Pace of what pages are told.
const (
	paceLeast = 100 * time.Millisecond // between two pictures
	paceMost  = time.Second            // ages and times left are told so often
)

// owner owns the Board: it folds events, and hands pictures to the pages.
type owner struct {
	s     *Server
	feed  feed
	board Board
	tell  chan func(Board) // what others have to tell the Board
	came  chan struct{}    // holds one token when a page has come
	texts unread
	rings []ring // since the last picture
}

// tellQueue bounds what waits for the owner; who tells more waits.
const tellQueue = 64

// feed is where the owner learns from.
type feed struct {
	events <-chan client.Event
	joined func() []proto.ChannelID // in which channels this endpoint is now
}

func newOwner(s *Server, f feed) *owner {
	return &owner{s: s, feed: f, board: s.cfg.Board, tell: make(chan func(Board), tellQueue), came: make(chan struct{}, 1)}
}

// do has the owner call f, and waits until it has, or the server ends.
func (o *owner) do(ctx context.Context, f func(Board)) error {
	done := make(chan struct{})
	select {
	case o.tell <- func(b Board) { f(b); close(done) }:
	case <-ctx.Done():
		return ctx.Err()
	case <-o.s.ctx.Done():
		return o.s.ctx.Err()
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-o.s.ctx.Done():
		return o.s.ctx.Err()
	}
}

// pressed tells how a press stands.
func (o *owner) pressed(ch proto.ChannelID, p PressState) {
	now := o.s.cfg.Clock()
	select {
	case o.tell <- func(b Board) { b.Press(ch, p, now) }:
	case <-o.s.ctx.Done():
	}
}

// pageCame asks for a picture at once.
func (o *owner) pageCame() {
	select {
	case o.came <- struct{}{}:
	default:
	}
}

// own runs until ctx ends. Events are folded as they come; a picture is made when
// something may have changed, and at most once in paceLeast.
func (o *owner) own(ctx context.Context) {
	o.joined()
	every := time.NewTicker(paceMost)
	defer every.Stop()
	pace := time.NewTimer(0)
	defer pace.Stop()
	var last time.Time // when a picture was made
	for {
		due := true // a picture
		select {
		case e := <-o.feed.events:
			o.fold(e)
		case f := <-o.tell:
			f(o.board)
		case <-o.s.cfg.Sound.Changed():
		case <-every.C:
			o.hangUp()
		case <-o.came:
		case <-o.s.patches.over:
			o.s.endSome()
		case <-pace.C:
			o.show()
			last, due = time.Now(), false
		case <-ctx.Done():
			return
		}
		if due {
			pace.Reset(max(0, paceLeast-time.Since(last)))
		}
	}
}

// fold takes in an event, and what the server itself does about it.
func (o *owner) fold(e client.Event) {
	o.board.Fold(e, o.s.cfg.Clock())
	for _, c := range o.board.Ringing() {
		if len(o.rings) < maxRings { // the picture tells which calls ring
			o.rings = append(o.rings, ring{c.ID, c.Urgency})
		}
	}
	switch e := e.(type) {
	case client.TextReceived:
		o.texts.add(e)
	case client.Joined:
		o.joined()
	case client.Left:
		o.joined()
		o.s.endSome()
	case client.FloorChanged:
		o.s.patches.floorChanged(e)
	case client.MembersChanged:
		o.s.patches.membersChanged(e)
	case client.IncidentOpened:
		o.s.joiner.opened(e)
	}
}

// show makes a picture, if anybody looks.
func (o *owner) show() {
	if o.s.pages.count() == 0 {
		o.rings = nil
		return
	}
	now := o.s.cfg.Clock()
	v := o.board.View(now)
	v.Patches = o.s.patches.view(o.s.language(), now)
	p, err := paint(v, o.s.pages.shown())
	if err != nil {
		o.s.log.Error("console: view", "why", err.Error())
		return
	}
	p.offer = o.s.cfg.Sound.Stale()
	o.s.pages.show(p, o.rings)
	o.rings = nil
}

// hangUp ends voice whose login is over: a page that is logged out must not go on
// hearing.
func (o *owner) hangUp() {
	if o.s.pages.hungUp(o.s.guard.logins.lives) {
		o.s.log.Info("console: voice hung up, its login is over")
		o.s.cfg.Sound.HangUp()
	}
}

// joined tells Sound in which channels this endpoint is.
func (o *owner) joined() { o.s.cfg.Sound.SetChannels(o.feed.joined()) }

// joinedChannels lists the channels that a Session is in, those of incidents first: a
// page cannot hear more than MaxVoiceTracks.
func joinedChannels(s *client.Session) []proto.ChannelID {
	list := s.Channels()
	slices.SortFunc(list, func(a, b *client.Channel) int {
		x, y := a.Charter(), b.Charter()
		return cmp.Or(cmp.Compare(pressing(x.Kind), pressing(y.Kind)), cmp.Compare(x.Title, y.Title), cmp.Compare(a.ID().String(), b.ID().String()))
	})
	var ids []proto.ChannelID
	for _, ch := range list {
		if _, err := ch.Members(); err == nil {
			ids = append(ids, ch.ID())
		}
	}
	return ids
}

// pressing is a kind's place when not all can be heard.
func pressing(k proto.CharterKind) int {
	return slices.Index([]proto.CharterKind{proto.KindIncident, proto.KindPatrol, proto.KindCalling, proto.KindStanding}, k)
}

// unread are the texts that no person has been shown yet, by their identifiers.
type unread struct {
	list map[proto.MessageID]client.TextReceived
	old  []proto.MessageID // in the order in which they came
}

// maxUnread bounds them; the oldest goes. It is not lost: the next run gives it again.
const maxUnread = 4096

func (u *unread) add(t client.TextReceived) {
	if u.list == nil {
		u.list = make(map[proto.MessageID]client.TextReceived)
	}
	if _, ok := u.list[t.ID]; ok {
		return
	}
	if len(u.old) == maxUnread {
		delete(u.list, u.old[0])
		u.old = u.old[1:]
	}
	u.list[t.ID] = t
	u.old = append(u.old, t.ID)
}

// take returns a text that a person has seen now.
func (u *unread) take(id proto.MessageID) (client.TextReceived, bool) {
	t, ok := u.list[id]
	delete(u.list, id)
	return t, ok
}
