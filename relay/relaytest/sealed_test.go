package relaytest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// missedElsewhere has a reader miss so many texts of so many octets that lie at the other
// side's relay only, and come back on a thin path. It returns the reader and when it was
// back.
func missedElsewhere(t *testing.T, r *reader, n, octets int) (sent []proto.MessageID, back func() (*relaytest.Endpoint, time.Time)) {
	t.Helper()
	for i := range n {
		id, err := r.mx.Text(minute(t), fmt.Sprintf("%d %s", i, strings.Repeat("x", octets)))
		if err != nil {
			t.Fatal(err)
		}
		sent = append(sent, id)
	}
	time.Sleep(time.Minute)
	return sent, func() (*relaytest.Endpoint, time.Time) {
		b := r.border
		e := b.us.Dial(r.id, r.state)
		b.Net.Between(e.Addr, b.us.Addr, relaytest.Path{Delay: 50 * time.Millisecond, Rate: 32_000})
		_, up := relaytest.WaitAfter(t, e.Watch, 0, "it is up", func(client.Connected) bool { return true })
		return e, up
	}
}

// allRead waits for so many texts, for some minutes.
func allRead(t *testing.T, e *relaytest.Endpoint, since time.Time, texts int) {
	t.Helper()
	for time.Since(since) < 4*time.Minute && textsAfter(e, 0) < texts {
		time.Sleep(time.Second)
	}
	t.Logf("%v after the link", time.Since(since))
	if n := textsAfter(e, 0); n != texts {
		t.Errorf("%d texts of %d", n, texts)
	}
	noAlarms(t, e)
}

// TestWhatLiesElsewhereComesThroughAThinPath: half a megabyte and more of one log page
// takes longer than any one answer may.
func TestWhatLiesElsewhereComesThroughAThinPath(t *testing.T) {
	long(t)
	runWith(t, 1, withStorage(wire.Charter_STORAGE_NONE), func(t *testing.T, b *border) {
		const texts = 110
		_, back := missedElsewhere(t, newReader(t, b), texts, historyText)
		desk, up := back()
		allRead(t, desk, up, texts)
		if waits, gone := waiting(desk); len(waits)+len(gone) > 0 {
			t.Errorf("%d were passed over, %d of them for good", len(waits)+len(gone), len(gone))
		}
	})
}

// TestOneOfWhatLiesElsewhereIsNotWhatTheHubHad: it is passed over, and it alone.
func TestOneOfWhatLiesElsewhereIsNotWhatTheHubHad(t *testing.T) {
	runWith(t, 1, withStorage(wire.Charter_STORAGE_NONE), func(t *testing.T, b *border) {
		const texts, wrong = 40, 3
		sent, back := missedElsewhere(t, newReader(t, b), texts, historyText/4)
		forge(t, b.mx, sent[wrong])
		desk, up := back()
		allRead(t, desk, up, texts-1)
		if waits, gone := waiting(desk); len(waits) != 1 || len(gone) > 0 {
			t.Errorf("%d wait, %d are gone", len(waits), len(gone))
		}
	})
}

// TestWhatLiesElsewhereComesInEndlessTalk: no bulk link can be made and nobody pauses. A
// few parts come now and then.
func TestWhatLiesElsewhereComesInEndlessTalk(t *testing.T) {
	runWith(t, 1, withStorage(wire.Charter_STORAGE_NONE), func(t *testing.T, b *border) {
		const texts = 12
		r := newReader(t, b)
		talk := r.agent.MustJoin(b.calling)
		away := r.back()
		away.MustJoin(b.calling)
		away.Close()
		_, back := missedElsewhere(t, r, texts, 100)
		p := push(t, talk, endless, client.TalkOptions{}).held()
		time.Sleep(time.Second)
		desk, up := back()
		b.Net.Bar(desk.Addr, true)
		time.Sleep(45 * time.Second) // in one talk, as long as a grant lasts
		if n := time.Since(up); textsAfter(desk, 0) != texts {
			t.Errorf("%d texts of %d after %v of talk", textsAfter(desk, 0), texts, n)
		}
		if waits, gone := waiting(desk); len(waits)+len(gone) > 0 {
			t.Errorf("%d were passed over", len(waits)+len(gone))
		}
		p.release()
	})
}
