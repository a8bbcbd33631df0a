package relaytest_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// fleet is many endpoints of one agency.
type fleet struct {
	units    []*relaytest.Endpoint
	channels []proto.ChannelID // by unit
}

// fleetSize makes short tests with a third.
func fleetSize(n int) int {
	if testing.Short() {
		return n / 3
	}
	return n
}

func newFleet(t *testing.T, a *relaytest.Agency, size int, channels []proto.ChannelID) *fleet {
	t.Helper()
	f := &fleet{}
	for i := range size {
		f.units = append(f.units, a.Endpoint(fmt.Sprintf("unit/u%d", i)))
		if len(channels) > 0 {
			f.channels = append(f.channels, channels[i%len(channels)])
			f.units[i].MustJoin(f.channels[i])
		}
	}
	return f
}

func (f *fleet) marks() (m []relaytest.Mark) {
	for _, u := range f.units {
		m = append(m, u.Watch.Mark())
	}
	return m
}

// back waits until every unit has its link again and returns after how long
// each had, in order.
func (f *fleet) back(t *testing.T, since time.Time, marks []relaytest.Mark) []time.Duration {
	t.Helper()
	took := make([]time.Duration, len(f.units))
	var wg sync.WaitGroup
	for i, u := range f.units {
		wg.Go(func() { // ends when the unit is back, or in a minute
			_, at := relaytest.WaitAfter(t, u.Watch, marks[i], "the link comes back", func(client.Connected) bool { return true })
			took[i] = at.Sub(since)
		})
	}
	wg.Wait()
	slices.Sort(took)
	return took
}

// lonely is one agency with n channels.
func lonely(t *testing.T, n int) (*relaytest.World, *relaytest.Agency, []proto.ChannelID) {
	w := relaytest.New(t, 1)
	a := w.Agency("usbp.example")
	w.Net.Everywhere(relaytest.Path{Delay: 20 * time.Millisecond, Jitter: 10 * time.Millisecond})
	var channels []proto.ChannelID
	for i := range n {
		channels = append(channels, a.Charter(&wire.Charter{
			Kind: wire.Charter_KIND_STANDING, Title: fmt.Sprint("Sector ", i), Parties: []*wire.Charter_Party{relaytest.Party(a)},
		}))
	}
	w.Start(a)
	return w, a, channels
}

// TestEverybodyComesBackAfterACrash: the relay dies without a word and starts
// again. Whoever is linked to it knows at once, and all are back within ten
// seconds, not all in the same moment.
func TestEverybodyComesBackAfterACrash(t *testing.T) {
	long(t)
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, a, channels := lonely(t, 0)
		defer w.Close(a)
		f := newFleet(t, a, fleetSize(200), channels)
		time.Sleep(20 * time.Second)
		marks := f.marks()
		a.Crash()
		time.Sleep(500 * time.Millisecond)
		a.Restart()
		took := f.back(t, time.Now(), marks)
		if last := took[len(took)-1]; last > 5*time.Second {
			t.Errorf("the last is back after %v", last)
		}
		if took[0] > proto.LinkKeepAlive+time.Second {
			t.Errorf("the first is back after %v: the restart is noticed by the links being idle only", took[0])
		}
		if spread := took[len(took)*9/10] - took[len(took)/10]; spread < 200*time.Millisecond {
			t.Errorf("eight in ten come back within %v of each other: they are not spread", spread)
		}
		t.Logf("back after %v (first), %v (half), %v (last)", took[0], took[len(took)/2], took[len(took)-1])

		// The same in good order: everybody is told in one moment.
		time.Sleep(20 * time.Second)
		marks = f.marks()
		a.Stop()
		a.Restart()
		took = f.back(t, time.Now(), marks)
		if last := took[len(took)-1]; last > 5*time.Second {
			t.Errorf("after a stop the last is back after %v", last)
		}
		if spread := took[len(took)*9/10] - took[len(took)/10]; spread < 500*time.Millisecond {
			t.Errorf("after a stop eight in ten come back within %v of each other: they are not spread", spread)
		}
		t.Logf("after a stop: %v (first), %v (half), %v (last)", took[0], took[len(took)/2], took[len(took)-1])
	})
}

// TestEverybodyIsInItsChannelsAgain: every link of the relay is lost at once
// and it keeps what it knows. All are subscribed again within ten seconds of the
// network's return, and have what was sent meanwhile.
func TestEverybodyIsInItsChannelsAgain(t *testing.T) {
	long(t)
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, a, channels := lonely(t, 5)
		defer w.Close(a)
		f := newFleet(t, a, fleetSize(100), channels)
		time.Sleep(20 * time.Second)
		w.Net.Unplug(a.Addr)
		marks := f.marks()
		for i := range channels { // queued in the device until its link is back
			ch := f.units[i].Channel(f.channels[i])
			go ch.Text(minute(t), "after the outage") // ends when it is sent, or in a minute
		}
		time.Sleep(12 * time.Second)
		w.Net.Plug(a.Addr)
		begun := time.Now()
		f.back(t, begun, marks)
		var last time.Duration
		for i, u := range f.units {
			if i < len(channels) {
				continue // it wrote the text
			}
			_, at := relaytest.WaitAfter(t, u.Watch, marks[i], "what was sent meanwhile arrives", func(x client.TextReceived) bool { return x.Text == "after the outage" })
			last = max(last, at.Sub(begun))
		}
		if last > 12*time.Second {
			t.Errorf("the last was in its channel again after %v", last)
		}
		t.Logf("the last was in its channel again after %v", last)
		time.Sleep(time.Second)
	})
}
