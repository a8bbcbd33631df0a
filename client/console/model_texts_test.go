package console

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/proto"
)

// said is a text of the norte, with its place in the log.
func said(b byte, seq uint64, at time.Time) client.TextReceived {
	return client.TextReceived{Channel: cid(1), ID: mid(b), From: name(norte), Text: fmt.Sprintf("text %d", b), At: at, Seq: seq}
}

func TestTexts(t *testing.T) {
	d := newDesk(t)
	at := func(n int) time.Time { return start().Add(time.Duration(n) * time.Second) }
	d.fold(said(1, 5, at(1)), said(3, 9, at(3)), said(2, 7, at(2)), said(3, 9, at(3)), said(4, 2, start().Add(-time.Hour)))
	list := d.view().Messages
	if got := texts(list, func(m Message) string { return m.Text }); !slices.Equal(got, []string{"text 4", "text 1", "text 2", "text 3"}) {
		t.Fatalf("in the order %v", got)
	}
	if list[0].Late != true || list[1].Late || !list[2].Late || list[3].Late {
		t.Errorf("late: %v %v %v %v; want what was said before, and what came after a later one", list[0].Late, list[1].Late, list[2].Late, list[3].Late)
	}
	if m := list[1]; m.Mine || m.State != "" || m.Short != "desk/norte" || m.Agency != "mx.example" || m.Channel != cid(1).String() {
		t.Errorf("%+v", m)
	}
	if n := d.channel(1).Unread; n != 4 {
		t.Errorf("%d unread", n)
	}
	d.Shown(mid(1))
	d.Shown(mid(1))
	d.Shown(mid(99))
	if n := d.channel(1).Unread; n != 3 {
		t.Errorf("%d unread after one was shown", n)
	}
	if got, ok := d.Text(mid(2)); !ok || got.Channel != cid(1) || got.ID != mid(2) || got.Seq != 7 {
		t.Errorf("%+v, %v", got, ok)
	}
}

// TestATextOfBeforeThisRun is late though no other has come before it. The hub's clock
// counts.
func TestATextOfBeforeThisRun(t *testing.T) {
	d := newDesk(t)
	d.fold(said(1, 1, start().Add(-time.Second)), said(2, 2, start()))
	if list := d.view().Messages; !list[0].Late || list[1].Late {
		t.Errorf("late: %v, %v", list[0].Late, list[1].Late)
	}
	d.fold(client.Connected{Skew: -time.Minute}, said(3, 3, start().Add(-30*time.Second)))
	if list := d.view().Messages; list[2].Late {
		t.Error("by the hub's clock, which is behind, it is of now")
	}
}

// TestOwnTexts: an own text is there at once, goes on from state to state and never back,
// whatever order the news has.
func TestOwnTexts(t *testing.T) {
	d := newDesk(t)
	own := func() Message {
		t.Helper()
		list := d.view().Messages
		i := slices.IndexFunc(list, func(m Message) bool { return m.ID == mid(1).String() })
		if i < 0 {
			t.Fatal("the own text is not shown")
		}
		return list[i]
	}
	moved := func(s client.MessageState, seq uint64) client.MessageMoved {
		return client.MessageMoved{Channel: cid(1), ID: mid(1), State: s, Seq: seq}
	}
	d.fold(client.TextSaid{Channel: cid(1), ID: mid(1), Text: "mine", At: d.now}, said(9, 4, d.now.Add(time.Second)))
	if m := own(); !m.Mine || m.State != "waiting" || m.From != "spiffe://"+me || m.Late {
		t.Errorf("%+v", m)
	}
	if list := d.view().Messages; !list[1].Mine {
		t.Error("what waits does not come last")
	}
	for _, c := range []struct {
		event client.MessageMoved
		want  string
	}{
		{moved(client.MessageKept, 0), "kept"}, {moved(client.MessageOrdered, 3), "logged"},
		{client.MessageMoved{Channel: cid(1), ID: mid(1), State: client.MessageRead, Seq: 3, Readers: []proto.Name{name(norte), name(norte)}}, "read"},
		{client.MessageMoved{Channel: cid(1), ID: mid(1), State: client.MessageDelivered, Seq: 3, Agencies: []proto.Agency{"mx.example"}}, "read"},
	} {
		d.fold(c.event)
		if m := own(); m.State != c.want {
			t.Errorf("after %s it is %s, want %s", c.event.State, m.State, c.want)
		}
	}
	if list := d.view().Messages; !list[0].Mine {
		t.Error("it does not have its place in the log")
	}
	if m := own(); !slices.Equal(m.Read, []string{"spiffe://" + norte}) || !slices.Equal(m.Reached, []string{"mx.example"}) {
		t.Errorf("read by %v, reached %v", m.Read, m.Reached)
	}
	d.SetLanguage(phrase.French)
	d.fold(client.MessageMoved{Channel: cid(1), ID: mid(1), State: client.MessageFailed, Why: proto.Refuse(proto.ReasonRetention, "")})
	if m := own(); m.State != "failed" || !strings.HasPrefix(m.Why, proto.ReasonRetention.Sentence(proto.French)) {
		t.Errorf("%+v", m)
	}
	d.SetLanguage(phrase.Spanish)
	if m := own(); !strings.HasPrefix(m.Why, proto.ReasonRetention.Sentence(proto.Spanish)) {
		t.Errorf("in Spanish it failed because %q", m.Why)
	}
	if n := d.channel(1).Unread; n != 1 {
		t.Errorf("%d unread: own texts do not count", n)
	}
	// The news of it may come before it.
	d.fold(client.MessageMoved{Channel: cid(1), ID: mid(2), State: client.MessageOrdered, Seq: 6}, client.TextSaid{Channel: cid(1), ID: mid(2), Text: "late", At: d.now})
	list := d.view().Messages
	if m := list[len(list)-1]; m.ID != mid(2).String() || m.State != "logged" {
		t.Errorf("%+v", m)
	}
	if len(d.Model.texts.early) != 0 || len(d.Model.texts.first) != 0 {
		t.Error("what has come is still waited for")
	}
	d.fold(client.MessageMoved{Channel: cid(1), ID: mid(9), State: client.MessageFailed, Why: proto.Refuse(proto.ReasonFull, "")}) // another's
	if m := d.view().Messages[1]; m.State != "" {
		t.Errorf("the text of another has the state %s", m.State)
	}
}

// TestAFailedReplyIsTold: what is no text has no line of its own; its failure is an alarm.
func TestAFailedReplyIsTold(t *testing.T) {
	d := newDesk(t)
	d.fold(client.MessageMoved{Channel: cid(1), ID: mid(8), State: client.MessageFailed, Why: proto.Refuse(proto.ReasonTaken, "desk/super")})
	if a := d.view().Alarms; len(a) != 1 || a[0].Code != int(proto.ReasonTaken) || a[0].Channel != cid(1).String() {
		t.Errorf("%+v", a)
	}
}

func TestTextsAreBounded(t *testing.T) {
	d := newDesk(t)
	id := func(ch, i int) proto.MessageID { return proto.MessageID{byte(ch), byte(i), byte(i >> 8)} }
	const channels = 9
	for ch := range channels {
		d.board.channels[cid(byte(ch+1))] = agreed(proto.KindStanding, fmt.Sprint("talk ", ch))
		for i := range maxTexts + 20 {
			d.fold(client.TextReceived{Channel: cid(byte(ch + 1)), ID: id(ch, i), From: name(norte), Text: fmt.Sprint(i), Seq: uint64(i + 1), At: d.now.Add(time.Duration(i*channels+ch) * time.Second)})
		}
	}
	list := d.view().Messages
	if len(list) > maxShown || len(list) < maxShown-channels || len(d.Model.texts.byID) != channels*maxTexts {
		t.Errorf("%d texts are shown and %d kept", len(list), len(d.Model.texts.byID))
	}
	if last := list[len(list)-1]; last.Text != "519" || !slices.IsSortedFunc(list, func(a, b Message) int { return strings.Compare(a.At, b.At) }) {
		t.Errorf("the last one is %q", last.Text)
	}
	delete(d.board.channels, cid(2))
	d.now = d.now.Add(time.Second)
	if d.view(); len(d.Model.texts.byID) != (channels-1)*maxTexts {
		t.Errorf("%d texts are kept of a channel that is gone", len(d.Model.texts.byID))
	}
	for i := range 3 * maxUntold {
		d.fold(client.MessageMoved{Channel: cid(1), ID: proto.MessageID{0xee, byte(i), byte(i >> 8)}, State: client.MessageKept})
	}
	if len(d.Model.texts.early) > maxUntold || len(d.Model.texts.first) > maxUntold {
		t.Errorf("%d messages are waited for", len(d.Model.texts.early))
	}
}
