package relaytest_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// TestAHailUnderAGivenNameIsMadeOnce: a caller that does not know whether it has
// called calls again, in the same run, in the next one, and after it forgot what
// it held; the desk hears it once. So it is with a text.
func TestAHailUnderAGivenNameIsMadeOnce(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		guard := b.mx.Endpoint("desk/piedras-negras")
		id, state := b.us.Identity("desk/del-rio"), client.NewMemoryState()
		sum, other := sha256.Sum256([]byte("wash-4/17")), sha256.Sum256([]byte("text"))
		o := client.HailOptions{ID: proto.MessageID(sum[:16]), Incident: proto.IncidentID(sum[16:])}
		text := proto.MessageID(other[:16])
		call := func(ch *client.Channel) (error, error) {
			_, err := ch.Hail(minute(t), guard.Name(), phraseOf(t, "sensor-activated"), o)
			return err, ch.TextAs(minute(t), text, "it goes on")
		}
		first := b.us.EndpointWith(id, state)
		ch := first.MustJoin(b.calling)
		guard.MustJoin(b.calling)
		for range 2 {
			if err, err2 := call(ch); err != nil || err2 != nil {
				t.Fatal(err, err2)
			}
		}
		time.Sleep(5 * time.Second)
		first.Close()
		for _, s := range []client.State{state, client.NewMemoryState()} {
			e := b.us.EndpointWith(id, s)
			err, err2 := call(e.MustJoin(b.calling))
			for _, err := range []error{err, err2} {
				if err != nil && proto.ReasonOf(err) != proto.ReasonConflict {
					t.Errorf("said again: %v", err)
				}
			}
			time.Sleep(5 * time.Second)
			e.Close()
		}
		rings, texts := relaytest.Find[client.HailReceived](guard.Watch), relaytest.Find[client.TextReceived](guard.Watch)
		if len(rings) != 1 || rings[0].ID != o.ID || rings[0].Incident != o.Incident || len(texts) != 1 || texts[0].ID != text {
			t.Errorf("heard %+v and %+v", rings, texts)
		}
	})
}

// TestAHookHails: a hook with the charter's right hails, is answered by opening
// the incident as any caller does, and can end the hail that it made. Without the
// right it is refused.
func TestAHookHails(t *testing.T) {
	var open proto.ChannelID
	withHooks := func(b *border) {
		directly(b)
		var both []*wire.Charter_Party
		for _, a := range []*relaytest.Agency{b.us, b.mx} {
			p := relaytest.Party(a)
			p.Send = append(p.Send, "hook")
			both = append(both, p)
		}
		open = b.us.Charter(&wire.Charter{Kind: wire.Charter_KIND_CALLING, Title: "Alerts", Parties: both, Template: both})
	}
	runWith(t, 1, withHooks, func(t *testing.T, b *border) {
		hook, guard := b.us.Endpoint("hook/sensors"), b.mx.Endpoint("desk/piedras-negras")
		ch := hook.MustJoin(open)
		guard.MustJoin(open)
		for i, end := range []proto.HailState{proto.HailAccepted, proto.HailCancelled} {
			mine, theirs := ring(t, ch, guard, client.HailOptions{Note: fmt.Sprint(i)})
			stands(t, proto.HailReceived, mine, theirs)
			if end == proto.HailCancelled {
				reply(t, mine, end, 0)
				stands(t, end, mine, theirs)
				continue
			}
			reply(t, theirs, end, 0)
			id, err := theirs.WaitIncident(minute(t))
			if err != nil {
				t.Fatalf("the incident of a hook's hail: %v", err)
			}
			guard.MustJoin(id)
		}
		b.us.Endpoint("desk/del-rio").MustJoin(b.calling)
		bounded, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if _, err := hook.Join(bounded, b.calling); err == nil {
			t.Error("a hook is on a channel whose charter does not let it")
		}
	})
}
