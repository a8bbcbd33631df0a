package relaytest_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/client"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// slowly has the other side's relay give one of the sealed parts that it is asked for, and
// that as late as it may.
func slowly(m *relaytest.Middle, toward *relaytest.Agency) {
	m.Tamper(func(p relaytest.Passing) []*wire.Frame {
		s := p.Frame.GetSealed()
		if p.Toward != toward.Name || len(s.GetParts()) == 0 {
			return []*wire.Frame{p.Frame}
		}
		f := pb.Clone(p.Frame).(*wire.Frame)
		f.GetSealed().Parts = f.GetSealed().Parts[:1]
		time.AfterFunc(proto.AnswerTimeout-time.Second, func() { m.Say(toward, f) })
		return nil
	})
}

// TestAnOriginThatGivesLittleByLittleHoldsUpNobody: what others said behind its entries is
// there when its time is over, however often it gives a part. What it did not give is asked
// for again, and comes when it gives it.
func TestAnOriginThatGivesLittleByLittleHoldsUpNobody(t *testing.T) {
	var m *relaytest.Middle
	runWith(t, 1, func(b *border) {
		m = b.Middle(b.mx, b.us)
		b.group = boundGroup(b, b.us, b.mx)
	}, func(t *testing.T, b *border) {
		const number = 50
		r := newReader(t, b)
		for i := range number {
			if _, err := r.mx.Text(minute(t), fmt.Sprint(i)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := r.us.Text(minute(t), "behind"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		slowly(m, b.us)
		desk := r.back()
		_, up := relaytest.WaitAfter(t, desk.Watch, 0, "it is up", func(client.Connected) bool { return true })
		for time.Since(up) < 5*time.Minute && !slices.Contains(texts(desk, b.group), "behind") {
			time.Sleep(time.Second)
		}
		took := time.Since(up)
		t.Logf("%v after the link, with %d texts before it", took, textsAfter(desk, 0)-1)
		if took > 40*time.Second { // 30 s, and what asking takes without it
			t.Errorf("held up for %v", took)
		}
		if waits, gone := waiting(desk); len(waits) == 0 || len(gone) > 0 {
			t.Errorf("%d wait, %d are gone", len(waits), len(gone))
		}
		m.Tamper(nil)
		time.Sleep(2 * time.Minute)
		if n := textsAfter(desk, 0); n != number+1 {
			t.Errorf("%d texts of %d in the end", n, number+1)
		}
		noAlarms(t, desk)
	})
}

// boundGroup is a group of a hub that may not keep what the others' members say.
func boundGroup(b *border, hub *relaytest.Agency, others ...*relaytest.Agency) proto.ChannelID {
	parties := []*wire.Charter_Party{relaytest.Party(hub)}
	for _, a := range others {
		parties = append(parties, relaytest.Party(a))
	}
	return hub.Charter(&wire.Charter{Kind: wire.Charter_KIND_STANDING, Title: "Bound", Storage: wire.Charter_STORAGE_NONE, Parties: parties})
}

// TestTheWaitForALinkIsNotTheOrigins: no bulk link can be made and nobody pauses. Few parts
// come at a time, and their relay is not blamed for it.
func TestTheWaitForALinkIsNotTheOrigins(t *testing.T) {
	runWith(t, 1, withStorage(wire.Charter_STORAGE_NONE), func(t *testing.T, b *border) {
		const number = 60
		r := newReader(t, b)
		talk := b.us.Endpoint("unit/del-rio-900").MustJoin(b.calling)
		away := r.back()
		away.MustJoin(b.calling)
		away.Close()
		_, back := missedElsewhere(t, r, number, 100)
		p := push(t, talk, endless, client.TalkOptions{}).held()
		time.Sleep(time.Second)
		desk, up := back()
		b.Net.Bar(desk.Addr, true)
		for i := 0; i < 6 && textsAfter(desk, 0) < number; i++ {
			time.Sleep(35 * time.Second)
			p.release()
			p = push(t, talk, endless, client.TalkOptions{}).held()
		}
		p.release()
		if n := textsAfter(desk, 0); n != number {
			t.Errorf("%d texts of %d after %v of talk", n, number, time.Since(up))
		}
		if waits, gone := waiting(desk); len(waits)+len(gone) > 0 {
			t.Errorf("%d were passed over after %v of talk", len(waits)+len(gone), time.Since(up))
		}
		t.Logf("%v after the link", time.Since(up))
	})
}
