package relaytest_test

import (
	"errors"
	"testing"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// TestNothingIsSaidToBeDoneWhileTheHubIsAway: what is done with a hail or an incident
// counts once it is in the log. Until then it waits, and the caller is told so.
func TestNothingIsSaidToBeDoneWhileTheHubIsAway(t *testing.T) {
	runLadder(t, func(t *testing.T, l *ladder) {
		h, _ := l.hail(t, client.HailOptions{})
		stands(t, proto.HailReceived, h)
		mark := l.guard.Watch.Mark()
		l.Net.Cut(l.us.Addr, l.mx.Addr)
		relaytest.WaitAfter(t, l.guard.Watch, mark, "the guard's relay misses the hub", func(e client.HubAway) bool { return e.Away })
		ok(t, l.calling.CloseIncident(minute(t), h.Incident(), proto.DispositionFalseAlarm, ""))
		there := l.guard.Channel(l.channel)
		waits := func(what string, err error) {
			t.Helper()
			if !errors.Is(err, client.ErrWaiting) {
				t.Errorf("%s: %v, want that it waits", what, err)
			}
		}
		waits("a reply", l.guard.FindHail(h.ID()).Reply(minute(t), proto.HailAccepted, 0, nil))
		waits("a closing", there.CloseIncident(minute(t), h.Incident(), proto.DispositionResolved, ""))
		waits("a change of duty", there.OffDuty(minute(t), l.guard.Name(), ""))
		l.Net.Mend(l.us.Addr, l.mx.Addr)
		refused := 0
		time.Sleep(time.Minute)
		for _, m := range relaytest.Find[client.MessageMoved](l.guard.Watch) {
			if m.State == client.MessageFailed {
				refused++
			}
		}
		if refused != 2 || len(there.Outbox()) != 0 || !there.DutyOf(l.guard.Name()).Off {
			t.Errorf("%d refused, %v waits, duty %+v; want the reply and the closing refused, the duty changed", refused, there.Outbox(), there.DutyOf(l.guard.Name()))
		}
	})
}

// TestWhatTheHubRefusesLaterIsTold: our relay keeps what the hub does not answer, and
// says so. Asked again the hub says no: who has waited hears that, not that it is done.
func TestWhatTheHubRefusesLaterIsTold(t *testing.T) {
	l := new(ladder)
	var m *relaytest.Middle
	runWith(t, 1, func(b *border) {
		m = b.Middle(b.mx, b.us)
		withLadder(l)(b)
	}, func(t *testing.T, b *border) {
		l.join()
		h, _ := l.hail(t, client.HailOptions{})
		stands(t, proto.HailReceived, h)
		ok(t, l.calling.CloseIncident(minute(t), h.Incident(), proto.DispositionFalseAlarm, ""))
		lost := false
		m.Tamper(func(x relaytest.Passing) []*wire.Frame { // the first try, which the hub does not see
			if x.Frame.GetIncident() != nil && x.Toward == b.us.Name && !lost {
				lost = true
				return nil
			}
			return []*wire.Frame{x.Frame}
		})
		mark := l.guard.Watch.Mark()
		err := l.guard.Channel(l.channel).CloseIncident(minute(t), h.Incident(), proto.DispositionResolved, "")
		if proto.ReasonOf(err) != proto.ReasonIncident {
			t.Errorf("the guard is told %v, want that the incident is closed", err)
		}
		relaytest.WaitAfter(t, l.guard.Watch, mark, "its relay had it", func(e client.MessageMoved) bool { return e.State == client.MessageKept })
	})
}
