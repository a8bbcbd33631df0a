package console

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/client/views"
	"crossband/client/voice"
	"crossband/proto"
)

func TestLink(t *testing.T) {
	d := newDesk(t)
	d.fold(client.Connected{Relay: name("us.example/relay/r1"), Skew: 3 * time.Second})
	if l := d.view().Link; !l.Up || l.Relay != "spiffe://us.example/relay/r1" || l.SkewS != 3 || l.Since != "2026-11-25T18:00:00.000Z" || l.Why != "" {
		t.Errorf("%+v", l)
	}
	d.now = d.now.Add(time.Second)
	d.fold(client.Disconnected{Err: proto.Refuse(proto.ReasonClosing, "")})
	if l := d.view().Link; l.Up || l.Since != "2026-11-25T18:00:01.000Z" || !strings.Contains(l.Why, "(701)") {
		t.Errorf("%+v", l)
	}
	d.fold(client.Expelled{Why: proto.Refuse(proto.ReasonRevoked, "")})
	v := d.view()
	if !strings.Contains(v.Me.Expelled, "(108)") || v.Channels[0].MayTalk || v.Channels[0].Secure.State != SecureNone {
		t.Errorf("put out: %q, may talk %v, %s", v.Me.Expelled, v.Channels[0].MayTalk, v.Channels[0].Secure.State)
	}
}

func TestChannel(t *testing.T) {
	d := newDesk(t)
	ch := agreed(proto.KindStanding, "Alpha")
	ch.Members = append(ch.Members, name(looker))
	ch.Outbox = []client.Queued{{ID: mid(9), Kind: proto.KindDuty, At: d.now, Kept: true}}
	d.board.channels[cid(2)] = ch
	other := ChannelNow{Charter: charterOf(proto.KindIncident, "Incident"), Ends: proto.End{At: start().Add(time.Hour), Reason: proto.ReasonWithdrawn}}
	other.Charter.Incident, other.Charter.Exercise = iid(4), true
	d.board.channels[cid(3)] = other
	d.now = d.now.Add(time.Second)
	v := d.view()
	if got := texts(v.Channels, func(c Channel) string { return c.Title }); !slices.Equal(got, []string{"Calling", "Alpha", "Incident"}) {
		t.Fatalf("in the order %v", got)
	}
	c := v.Channels[1]
	if c.Kind != "standing" || !c.Joined || !c.MayTalk || c.MayHail || c.Owner != "us.example" || !slices.Equal(c.Priorities, []string{"routine", "urgent", "supervisor", "imminent peril"}) {
		t.Errorf("%+v", c)
	}
	if m := c.Members; len(m) != 3 || !m[0].Me || !m[1].Observer || m[1].Until == "" || m[2].Observer || m[2].Heard != "2026-11-25T18:00:00.000Z" {
		t.Errorf("members %+v", m)
	}
	if len(c.Outbox) != 1 || c.Outbox[0].Kind != "duty" || !c.Outbox[0].Kept {
		t.Errorf("outbox %+v", c.Outbox)
	}
	if c := v.Channels[0]; !c.MayHail {
		t.Error("on the calling channel it may not hail")
	}
	c = v.Channels[2]
	if c.Joined || c.MayTalk || c.MayHail || len(c.Priorities) > 0 || c.Secure.State != SecureNone || c.Incident != iid(4).String() || !c.Exercise || !strings.Contains(c.EndsWhy, "(317)") || c.Secure.Suite != "" {
		t.Errorf("of a channel that it has not joined: %+v", c)
	}
	d.now = start().Add(25 * time.Hour) // past its end
	if c := d.channel(2); c.MayTalk {
		t.Error("it may talk on a channel that has ended")
	}
	delete(d.board.channels, cid(2))
	d.now = d.now.Add(time.Second)
	if v := d.view(); len(v.Channels) != 2 {
		t.Errorf("what the endpoint has forgotten is still shown: %d channels", len(v.Channels))
	}
}

// TestAMemberIsHeardAgain: the roster moves on with heartbeats, by ten seconds.
func TestAMemberIsHeardAgain(t *testing.T) {
	d := newDesk(t)
	d.view()
	heard := func(after time.Duration) string {
		ch := d.board.channels[cid(1)]
		ch.Heard = []views.Heard{{Member: name(norte), At: start().Add(after)}}
		d.board.channels[cid(1)] = ch
		d.now = d.now.Add(time.Second)
		return d.channel(1).Members[1].Heard
	}
	if got := heard(9 * time.Second); got != stamp(start()) {
		t.Errorf("heard %s", got)
	}
	if got := heard(21 * time.Second); got != stamp(start().Add(20*time.Second)) {
		t.Errorf("heard %s", got)
	}
}

// An observer's time may be over between two events: the buttons go with it.
func TestAnObserverMayNotTalk(t *testing.T) {
	b := &board{channels: map[proto.ChannelID]ChannelNow{cid(1): agreed(proto.KindCalling, "Calling")}}
	ch := b.channels[cid(1)]
	ch.Members = append(ch.Members, name(looker))
	b.channels[cid(1)] = ch
	m := NewModel(ModelConfig{Endpoint: b, Me: name(looker)})
	m.Fold(client.Connected{}, start())
	if c := m.View(start()).Channels[0]; c.MayTalk || c.MayHail || len(c.Priorities) > 0 {
		t.Errorf("%+v", c)
	}
}

func TestFloor(t *testing.T) {
	d := newDesk(t)
	d.fold(client.FloorChanged{Channel: cid(1), Holder: name(norte), Priority: proto.PriorityUrgent, Local: true})
	if f := d.channel(1).Floor; f.Holder != "spiffe://"+norte || f.Short != "desk/norte" || f.Agency != "mx.example" || f.Priority != "urgent" || !f.Local || f.Since == "" || f.Mine != "idle" {
		t.Errorf("%+v", f)
	}
	d.Press(cid(1), PressState{State: "queued", Queue: 2, Press: "seven"}, d.now)
	if f := d.channel(1).Floor; f.Mine != "queued" || f.Queue != 2 || f.Press != "seven" {
		t.Errorf("%+v", f)
	}
	d.Press(cid(1), PressState{State: "granted", Left: 30 * time.Second}, d.now)
	d.now = d.now.Add(9500 * time.Millisecond)
	if f := d.channel(1).Floor; f.Mine != "granted" || f.LeftS != 21 {
		t.Errorf("%+v", f)
	}
	d.now = d.now.Add(time.Minute)
	if f := d.channel(1).Floor; f.LeftS != 0 {
		t.Errorf("less than nothing is left: %d", f.LeftS)
	}
	d.Press(cid(1), PressState{State: "denied", Why: proto.Refuse(proto.ReasonFloorTaken, "desk/norte")}, d.now)
	d.SetLanguage(phrase.Spanish)
	if f := d.channel(1).Floor; f.Mine != "denied" || !strings.HasSuffix(f.Why, "(400)") || strings.HasPrefix(f.Why, proto.ReasonFloorTaken.Sentence(proto.English)) {
		t.Errorf("%+v", f)
	}
	d.fold(client.BurstHeard{Channel: cid(1), Burst: proto.BurstID{1}, From: name(norte), Forged: 3})
	if v := d.view(); !v.Channels[0].Floor.Forged || len(v.Alarms) != 1 || !strings.Contains(v.Alarms[0].Says, "3") {
		t.Errorf("forged %v, %v", v.Channels[0].Floor.Forged, v.Alarms)
	}
	d.fold(client.Disconnected{Err: client.ErrNoLink})
	if f := d.channel(1).Floor; f.Holder != "" {
		t.Error("without a link it says who speaks")
	}
	d.fold(client.Connected{})
	if f := d.channel(1).Floor; f.Holder == "" { // the session tells only what has changed
		t.Error("with the link back it does not say who speaks")
	}
	d.fold(client.FloorChanged{Channel: cid(1)})
	if f := d.channel(1).Floor; f.Holder != "" || f.Short != "" {
		t.Errorf("idle: %+v", f)
	}
}

// bridge is a Voice whose state a test writes down.
type bridge struct {
	level  int
	bursts []Spoken
}

func (b *bridge) Level(proto.ChannelID) int { return b.level }
func (b *bridge) Bursts() []Spoken          { return b.bursts }

func TestBursts(t *testing.T) {
	d := newDesk(t)
	v := &bridge{level: 140}
	d.cfg.Voice = v
	for i := range maxBursts + 5 {
		at := d.now.Add(time.Duration(i) * time.Second)
		v.bursts = append(v.bursts, Spoken{ID: proto.BurstID{byte(i), byte(i >> 8)}, Channel: cid(1), From: name(norte), At: at, Length: 1500 * time.Millisecond, Over: true, Heard: true})
		d.fold(client.BurstHeard{Channel: cid(1), Burst: proto.BurstID{byte(i), byte(i >> 8)}, From: name(norte), Genuine: i%2 == 1})
	}
	list := d.view().Bursts
	if len(list) != maxBursts || list[0].At != stamp(d.now.Add((maxBursts+4)*time.Second)) || list[0].Millis != 1500 || list[0].Genuine || !list[1].Genuine {
		t.Errorf("%d bursts, the newest %+v, %+v", len(list), list[0], list[1])
	}
	if len(d.genuine) > maxBursts || len(d.judged) > maxBursts {
		t.Errorf("%d judgements are kept", len(d.genuine))
	}
	if l := d.channel(1).Floor.Level; l != 100 {
		t.Errorf("level %d", l)
	}
	v.bursts = []Spoken{{ID: proto.BurstID{0xff, 0xff}, Channel: cid(1), From: name(norte)}}
	d.fold( // of the same number: said elsewhere, and by another
		client.BurstHeard{Channel: cid(2), Burst: proto.BurstID{0xff, 0xff}, From: name(norte), Genuine: true},
		client.BurstHeard{Channel: cid(1), Burst: proto.BurstID{0xff, 0xff}, From: name(super), Genuine: true},
	)
	if b := d.view().Bursts; len(b) != 1 || b[0].Genuine {
		t.Errorf("what nobody has judged counts as genuine: %+v", b)
	}
}

func TestExplainInThePagesLanguage(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
		says string // begins
	}{
		{nil, 0, ""},
		{fmt.Errorf("join: %w", proto.Refuse(proto.ReasonFloorTaken, "desk/norte")), 400, proto.ReasonFloorTaken.Sentence(proto.French) + "\u00a0: desk/norte (400)"},
		{fmt.Errorf("%w", client.ErrNoLink), 0, "aucune liaison"},
		{errors.Join(client.ErrWaiting, context.DeadlineExceeded), 0, "pas encore envoyé"},
		{context.DeadlineExceeded, 0, "aucune réponse"},
		{client.ErrBusy, 0, "vous parlez déjà"},
		{phrase.ErrSlots, 201, proto.ReasonMalformed.Sentence(proto.French)},
		{voice.ErrCodec, 700, proto.ReasonInternal.Sentence(proto.French)},
		{errors.New("open /secret/path"), 700, proto.ReasonInternal.Sentence(proto.French)},
	} {
		code, says := Explain(c.err, phrase.French)
		if code != c.code || !strings.HasPrefix(says, c.says) || strings.Contains(says, "secret") {
			t.Errorf("%v: %d, %q; want %d, %q", c.err, code, says, c.code, c.says)
		}
	}
}

// TestLanguage: everything is worded anew, names and what people wrote stay.
func TestLanguage(t *testing.T) {
	d := newDesk(t)
	d.ringing(1)
	d.board.pacts = []proto.Agreement{{Title: "Pact"}}
	d.fold(
		client.ChangeNotice{Notice: proto.Notice{Title: "Power", Kind: proto.NoticeMaintenance, Ends: d.now}, Stage: proto.StageDay},
		client.Alarm{Channel: cid(1), Why: proto.Refuse(proto.ReasonViewsDiffer, "")},
	)
	d.now = d.now.Add(time.Second)
	all := func() []string {
		v := d.view()
		return []string{
			v.Me.Phrases[0].Says, v.Me.Phrases[0].Group, v.Channels[0].Secure.Says, v.Calls[0].Says, v.Calls[0].StateSays,
			v.Incidents[0].Timeline[0].Says, v.Incidents[0].Timeline[1].Says, v.Notices[0].Says, v.Pacts[0].Lines[0], v.Alarms[0].Says,
		}
	}
	english := all()
	for _, c := range []struct {
		l    phrase.Language
		code string
	}{{phrase.Spanish, "es"}, {phrase.French, "fr"}} {
		d.SetLanguage(c.l)
		for i, s := range all() {
			if s == english[i] {
				t.Errorf("%s: %q", c.code, s)
			}
		}
		if v := d.view(); v.Me.Language != c.code || v.Calls[0].Note != "south bank" || v.Notices[0].Title != "Power" {
			t.Errorf("%s: %+v", c.code, v.Me.Language)
		}
	}
	d.SetLanguage(phrase.English)
	if got := all(); !slices.Equal(got, english) {
		t.Errorf("back in English it reads %q", got)
	}
}

// TestALateBurst: what comes late is known to be the speaker's, or not, and says nothing
// of who speaks now. What was an attack stays one.
func TestALateBurst(t *testing.T) {
	d := newDesk(t)
	whole, half, attacked, rest := proto.BurstID{1}, proto.BurstID{2}, proto.BurstID{3}, proto.BurstID{5}
	v := &bridge{}
	d.cfg.Voice = v
	for _, id := range []proto.BurstID{whole, half, attacked, rest} {
		v.bursts = append(v.bursts, Spoken{ID: id, Channel: cid(1), From: name(norte), At: d.now, Over: true})
	}
	d.fold(client.BurstHeard{Channel: cid(1), Burst: rest, From: name(norte)}, client.BurstHeard{Channel: cid(1), Burst: half, From: name(norte)}, client.BurstHeard{Channel: cid(1), Burst: attacked, From: name(norte), Forged: 2})
	for _, id := range []proto.BurstID{whole, half, attacked, rest} {
		d.fold(client.BurstLate{Channel: cid(1), Burst: id, From: name(norte), Genuine: true, Whole: id == half})
	}
	for _, b := range d.view().Bursts {
		if want := b.ID != attacked.String() && b.ID != rest.String(); b.Genuine != want || b.Heard {
			t.Errorf("burst %s: genuine %v, heard %v", b.ID, b.Genuine, b.Heard)
		}
	}
	if f := d.channel(1).Floor; f.Holder != "" || !f.Forged {
		t.Errorf("the floor: %+v", f)
	}
	d.fold(client.BurstLate{Channel: cid(1), Burst: proto.BurstID{4}, From: name(norte), Forged: 7})
	if v := d.view(); len(v.Alarms) != 2 || !strings.Contains(v.Alarms[0].Says, "7") {
		t.Errorf("alarms: %+v", v.Alarms)
	}
}

// TestWhoWaitsIsShown: in the hub's order, ourselves marked, and nobody when it is idle
// or the link is lost.
func TestWhoWaitsIsShown(t *testing.T) {
	d := newDesk(t)
	d.fold(client.FloorChanged{Channel: cid(1), Holder: name(norte), Priority: proto.PriorityRoutine},
		client.FloorWaiting{Channel: cid(1), Waiting: []client.Waiter{{Name: name(norte), Priority: proto.PriorityUrgent}, {Name: d.cfg.Me, Priority: proto.PriorityRoutine}}})
	w := d.channel(1).Floor.Waiting
	if len(w) != 2 || w[0].Name != name(norte).String() || w[0].Priority != "urgent" || w[0].Me || !w[1].Me || w[1].Agency != string(d.cfg.Me.Agency) {
		t.Errorf("%+v", w)
	}
	d.fold(client.FloorChanged{Channel: cid(1)})
	if w := d.channel(1).Floor.Waiting; len(w) != 0 || w == nil {
		t.Errorf("idle: %+v", w)
	}
	d.fold(client.FloorChanged{Channel: cid(1), Holder: name(norte), Priority: proto.PriorityRoutine})
	if w := d.channel(1).Floor.Waiting; len(w) != 0 {
		t.Errorf("of a queue that is over: %+v", w)
	}
	d.fold(client.FloorWaiting{Channel: cid(1), Waiting: []client.Waiter{{Name: name(norte), Priority: proto.PriorityUrgent}}}, client.Disconnected{Err: client.ErrNoLink}, client.Connected{})
	if w := d.channel(1).Floor.Waiting; len(w) != 0 {
		t.Errorf("of before the link was lost: %+v", w)
	}
}

// TestLoweredBitRateIsShown: of the channel it is about, as long as it lasts, and only
// where the own voice is Opus.
func TestLoweredBitRateIsShown(t *testing.T) {
	d := newDesk(t)
	d.cfg.Opus = true
	bits := func(want int, why string, events ...client.Event) {
		t.Helper()
		d.fold(events...)
		if got := d.channel(1).Floor.Bits; got != want {
			t.Errorf("%s: %d bit/s, want %d", why, got, want)
		}
	}
	bits(0, "at first")
	bits(12_000, "lowered", client.VoiceStrained{Channel: cid(1), Bits: 12_000})
	bits(12_000, "on another channel", client.VoiceStrained{Channel: cid(2), Bits: 8_000})
	bits(0, "as before", client.VoiceStrained{Channel: cid(1), Bits: voice.DefaultBitrate})
	d.cfg.Opus = false
	bits(0, "with G.711", client.VoiceStrained{Channel: cid(1), Bits: 12_000})
}
