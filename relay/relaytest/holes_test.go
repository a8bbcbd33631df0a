package relaytest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/client"
	"crossband/crypto/identity"
	"crossband/crypto/mls"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
	"crossband/relay/store"
)

// reader is a US desk on a group whose hub may not keep what the Mexican side says.
// It comes and goes with one state.
type reader struct {
	*patrol
	id    *identity.Identity
	state client.State
}

// newReader has joined and has gone again.
func newReader(t *testing.T, b *border) *reader {
	t.Helper()
	r := &reader{newPatrol(t, b), b.us.Identity("desk/away"), client.NewMemoryState()}
	e := r.back()
	e.MustJoin(b.group)
	time.Sleep(time.Second)
	e.Close()
	return r
}

func (r *reader) back() *relaytest.Endpoint { return r.border.us.EndpointWith(r.id, r.state) }

// says has the guard say something that lies at its own relay only, and returns
// its id.
func (r *reader) says(t *testing.T, text string) proto.MessageID {
	t.Helper()
	id, err := r.mx.Text(minute(t), text)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Second)
	return id
}

// epochs has the US side change the epoch n times.
func (r *reader) epochs(t *testing.T, n int) {
	t.Helper()
	for range n {
		if err := r.us.Refresh(minute(t)); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(2 * time.Second)
}

// waiting returns those entries of which e was told that they wait, and those that
// are missed for good.
func waiting(e *relaytest.Endpoint) (waits, gone []client.Missed) {
	for _, m := range relaytest.Find[client.Missed](e.Watch) {
		if m.Origin != "" {
			waits = append(waits, m)
		} else {
			gone = append(gone, m)
		}
	}
	return waits, gone
}

// kept counts the holes in a saved state, and the epochs whose keys are kept.
func kept(t *testing.T, s client.State) (holes, epochs int) {
	t.Helper()
	keys, err := s.Keys()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		b, err := s.Load(k)
		if err != nil {
			t.Fatal(err)
		}
		var v struct {
			Holes []struct{}
			Late  []struct{ Keys []byte }
		}
		if !strings.HasPrefix(k, "channel-") {
			continue
		}
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatal(err)
		}
		holes += len(v.Holes)
		for _, l := range v.Late {
			if len(l.Keys) > 0 {
				epochs++
			}
		}
	}
	return holes, epochs
}

func noAlarms(t *testing.T, e *relaytest.Endpoint) {
	t.Helper()
	for _, a := range relaytest.Find[client.Alarm](e.Watch) {
		t.Errorf("%s is alarmed: %v", e.Name(), a.Why)
	}
}

// What lay at a relay that was away is read when it is back: once, in order, out of
// epochs that the group has left since, by a device that was restarted meanwhile,
// though its sender has been taken out. Its sender is told that it was read, not
// before. Nothing of the keys is left.
func TestWhatLayElsewhereIsReadWhenItsRelayIsBack(t *testing.T) {
	runWith(t, 1, withStorage(wire.Charter_STORAGE_NONE), func(t *testing.T, b *border) {
		r := newReader(t, b)
		other := b.mx.Endpoint("desk/torreon")
		ch := other.MustJoin(b.group)
		var sent []proto.MessageID
		for i := range 2 { // two epochs
			sent = append(sent, r.says(t, fmt.Sprintf("said %d", i)))
			r.epochs(t, 1)
		}
		if _, err := ch.Text(minute(t), "said by who leaves"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if err := r.mx.Remove(minute(t), other.Name()); err != nil {
			t.Fatal(err)
		}
		b.mx.Stop()
		time.Sleep(5 * time.Second)
		desk := r.back()
		time.Sleep(10 * time.Second)
		waits, gone := waiting(desk)
		if len(waits) != 3 || len(gone) != 0 || waits[0].Origin != b.mx.Name {
			t.Fatalf("waits %+v, missed %+v; want three that wait", waits, gone)
		}
		r.epochs(t, mls.PastEpochs+1)
		b.us.Endpoint("desk/new").MustJoin(b.group)
		if _, err := r.us.Text(minute(t), "said later"); err != nil {
			t.Fatal(err)
		}
		relaytest.Wait(t, desk.Watch, "what comes after it is read", func(e client.TextReceived) bool { return e.Text == "said later" })
		if holes, epochs := kept(t, r.state); holes != 3 || epochs != 3 {
			t.Errorf("%d holes and the keys of %d epochs are kept, want 3 and 3", holes, epochs)
		}
		desk.Close()
		desk = r.back()
		time.Sleep(30 * time.Second)
		if got := texts(desk, b.group); len(got) != 0 {
			t.Fatalf("read %q while their relay is away", got)
		}
		b.mx.Restart()
		relaytest.Wait(t, desk.Watch, "it is read", func(e client.TextReceived) bool { return e.Text == "said by who leaves" })
		time.Sleep(30 * time.Second)
		want := []string{"said 0", "said 1", "said by who leaves"}
		if got := texts(desk, b.group); !slices.Equal(got, want) {
			t.Errorf("read %q, want %q", got, want)
		}
		for _, id := range sent {
			if d := r.mx.Delivery(id); !slices.Contains(d.Read, desk.Name()) {
				t.Errorf("read by %s, and its sender is told %+v", desk.Name(), d)
			}
		}
		if holes, epochs := kept(t, r.state); holes != 0 || epochs != 0 {
			t.Errorf("%d holes and the keys of %d epochs are left", holes, epochs)
		}
		noAlarms(t, desk)
		desk.Close()
		again := r.back()
		time.Sleep(time.Minute)
		if got := texts(again, b.group); len(got) != 0 {
			t.Errorf("%q given again", got)
		}
	})
}

// While something waits its sender is not told that it was read, though what comes
// after it was.
func TestWhatWaitsIsNotSaidToBeRead(t *testing.T) {
	runWith(t, 1, withStorage(wire.Charter_STORAGE_NONE), func(t *testing.T, b *border) {
		r := newReader(t, b)
		id := r.says(t, "said")
		b.Net.Cut(b.us.Addr, b.mx.Addr)
		time.Sleep(20 * time.Second)
		desk := r.back()
		relaytest.Wait(t, desk.Watch, "it waits", func(e client.Missed) bool { return e.Origin == b.mx.Name })
		if _, err := r.us.Text(minute(t), "said later"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		desk.Close()
		b.Net.Mend(b.us.Addr, b.mx.Addr)
		time.Sleep(time.Minute)
		if d := r.mx.Delivery(id); slices.Contains(d.Read, desk.Name()) {
			t.Errorf("said to be read by a desk that could not: %+v", d)
		}
		desk = r.back()
		relaytest.Wait(t, desk.Watch, "it is read", func(e client.TextReceived) bool { return e.Text == "said" })
		time.Sleep(5 * time.Second)
		if d := r.mx.Delivery(id); !slices.Contains(d.Read, desk.Name()) {
			t.Errorf("read, and its sender is told %+v", d)
		}
	})
}

// forge changes what an agency's relay keeps of a message of its own endpoints, and
// returns how to change it back.
func forge(t *testing.T, a *relaytest.Agency, id proto.MessageID) (undo func()) {
	t.Helper()
	for at, v := range originRecords(t, a.Store) {
		if !strings.HasSuffix(at, string(id[:])) {
			continue
		}
		bucket, key := store.Bucket(strings.TrimSuffix(at, string(id[:]))), id[:]
		write := func() {
			octets, err := pb.Marshal(v)
			if err == nil {
				err = a.Store.Write(context.Background(), []store.Record{{Bucket: bucket, Key: key, Value: octets}})
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		sealed := v.Frame.GetText().Sealed
		v.Frame.GetText().Sealed = append(slices.Clone(sealed[:len(sealed)-1]), sealed[len(sealed)-1]^1)
		write()
		return func() { v.Frame.GetText().Sealed = sealed; write() }
	}
	t.Fatal("the relay does not keep the message: the test shows nothing")
	return nil
}

// A relay that gives out another sealed part than the hub had fills nothing; the
// right one does.
func TestAWrongSealedPartFillsNothing(t *testing.T) {
	runWith(t, 1, withStorage(wire.Charter_STORAGE_NONE), func(t *testing.T, b *border) {
		r := newReader(t, b)
		id := r.says(t, "said")
		b.mx.Stop()
		undo := forge(t, b.mx, id)
		time.Sleep(5 * time.Second)
		desk := r.back()
		relaytest.Wait(t, desk.Watch, "it waits", func(e client.Missed) bool { return e.Origin == b.mx.Name })
		b.mx.Restart()
		time.Sleep(3 * time.Minute)
		if holes, _ := kept(t, r.state); holes != 1 || len(texts(desk, b.group)) != 0 {
			t.Errorf("%d holes wait, read %q; a wrong part must fill nothing", holes, texts(desk, b.group))
		}
		noAlarms(t, desk)
		b.mx.Stop()
		undo()
		b.mx.Restart()
		time.Sleep(3 * time.Minute)
		if got := texts(desk, b.group); !slices.Equal(got, []string{"said"}) {
			t.Errorf("read %q, want it once", got)
		}
		noAlarms(t, desk)
	})
}

// Whoever is taken out, or revoked, keeps nothing of what waited.
func TestWhatWaitsIsWipedWithTheRest(t *testing.T) {
	for how, out := range map[string]func(*testing.T, *reader){
		"removed": func(t *testing.T, r *reader) {
			if err := r.us.Remove(minute(t), r.id.Name); err != nil {
				t.Fatal(err)
			}
		},
		"revoked": func(t *testing.T, r *reader) { r.border.us.Revoke(r.id.Name) },
	} {
		t.Run(how, func(t *testing.T) {
			runWith(t, 1, withStorage(wire.Charter_STORAGE_NONE), func(t *testing.T, b *border) {
				r := newReader(t, b)
				r.says(t, "said")
				b.mx.Stop()
				desk := r.back()
				relaytest.Wait(t, desk.Watch, "it waits", func(e client.Missed) bool { return e.Origin == b.mx.Name })
				r.epochs(t, mls.PastEpochs+1)
				if holes, epochs := kept(t, r.state); holes != 1 || epochs != 1 {
					t.Fatalf("%d holes and the keys of %d epochs are kept: the test shows nothing", holes, epochs)
				}
				out(t, r)
				time.Sleep(10 * time.Second)
				if holes, epochs := kept(t, r.state); holes != 0 || epochs != 0 {
					t.Errorf("%d holes and the keys of %d epochs are left", holes, epochs)
				}
				b.mx.Restart()
				time.Sleep(time.Minute)
				if got := texts(desk, b.group); len(got) != 0 {
					t.Errorf("read %q", got)
				}
			})
		})
	}
}

// A device that comes into its group anew still reads what waited.
func TestWhatWaitsOutlivesComingInAnew(t *testing.T) {
	long(t)
	runWith(t, 1, func(b *border) {
		withStorage(wire.Charter_STORAGE_NONE)(b)
		b.us.Retention.Standing = time.Hour // the hub's; the origin keeps for good
	}, func(t *testing.T, b *border) {
		r := newReader(t, b)
		r.says(t, "said")
		b.mx.Stop()
		desk := r.back()
		relaytest.Wait(t, desk.Watch, "it waits", func(e client.Missed) bool { return e.Origin == b.mx.Name })
		desk.Close()
		r.epochs(t, 3)
		time.Sleep(2 * time.Hour)
		r.epochs(t, 1)
		desk = r.back()
		relaytest.Wait(t, desk.Watch, "it comes in anew", func(e client.Joined) bool { return e.Channel == b.group })
		b.mx.Restart()
		time.Sleep(2 * time.Minute)
		if got := texts(desk, b.group); !slices.Equal(got, []string{"said"}) {
			t.Errorf("read %q, want it once", got)
		}
	})
}

// A call that lay at a relay that was away, and was over before it came back, is
// shown with what became of it. It does not ring, and is not answered.
func TestALateHailIsShownAndNotAnswered(t *testing.T) {
	runWith(t, 1, func(b *border) {
		directly(b)
		both := []*wire.Charter_Party{relaytest.Party(b.us), relaytest.Party(b.mx)}
		b.calling = b.us.Charter(&wire.Charter{
			Kind: wire.Charter_KIND_CALLING, Title: "Bound", Storage: wire.Charter_STORAGE_NONE, Parties: both, Template: both,
		})
	}, func(t *testing.T, b *border) {
		d := newDesks(t, b)
		id, state := b.us.Identity("desk/away"), client.NewMemoryState()
		desk := b.us.EndpointWith(id, state)
		desk.MustJoin(b.calling)
		time.Sleep(time.Second)
		desk.Close()
		h, err := d.mx.Hail(minute(t), desk.Name(), phraseOf(t, "shots-fired"), client.HailOptions{Life: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		b.mx.Stop()
		time.Sleep(5 * time.Second)
		desk = b.us.EndpointWith(id, state)
		relaytest.Wait(t, desk.Watch, "it waits", func(e client.Missed) bool { return e.Origin == b.mx.Name })
		time.Sleep(2 * time.Minute) // it expires
		if len(relaytest.Find[client.HailMoved](desk.Watch)) != 0 {
			t.Error("a hail moved that was not seen")
		}
		b.mx.Restart()
		relaytest.Wait(t, desk.Watch, "it is shown", func(e client.HailReceived) bool { return e.ID == h.ID() })
		time.Sleep(time.Minute)
		if got := states(desk, h.ID()); !slices.Equal(got, []proto.HailState{proto.HailExpired}) {
			t.Errorf("it moved to %v, want that it expired", got)
		}
		for _, m := range relaytest.Find[client.MessageMoved](desk.Watch) {
			t.Errorf("it was answered: %+v", m)
		}
		noAlarms(t, desk)
		if n := len(relaytest.Find[client.HailReceived](desk.Watch)); n != 1 {
			t.Errorf("shown %d times", n)
		}
	})
}

// A device that comes back asks the origin for one thing once at a time, though
// its link and its subscription both have the log fetched.
func TestOneDeviceAsksTheOriginOnceAtATime(t *testing.T) {
	runWith(t, 1, withStorage(wire.Charter_STORAGE_NONE), func(t *testing.T, b *border) {
		r := newReader(t, b)
		r.says(t, "said")
		b.mx.Stop()
		time.Sleep(5 * time.Second)
		var out *logged
		out, b.Log = newLogged(false)
		r.back()
		time.Sleep(5 * time.Minute)
		b.mx.Restart()
		var last time.Time
		tries := regexp.MustCompile(`(?m)^time=(\S+) .*sealed parts not there yet`).FindAllStringSubmatch(out.String(), -1)
		for _, m := range tries {
			at, err := time.Parse("2006-01-02T15:04:05.999Z07:00", m[1])
			if err != nil {
				t.Fatal(err)
			}
			if at.Sub(last) < time.Second {
				t.Errorf("asked at %v and again at %v", last, at)
			}
			last = at
		}
		if n := len(tries); n < 8 || n > 15 { // four, then at growing distances up to a minute
			t.Errorf("asked %d times in five minutes", n)
		}
	})
}
