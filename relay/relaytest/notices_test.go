package relaytest_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crossband/client"
	"crossband/crypto/notice"
	"crossband/proto"
	"crossband/proto/link"
	"crossband/proto/wire"
	"crossband/relay"
	"crossband/relay/relaytest"
)

// announce has an agency's authority sign a notice for the US relay's agency, or for
// gn.example if it is the US one, and gives it to the agency's own relay.
func announce(t *testing.T, by *relaytest.Agency, n proto.Notice) proto.Notice {
	t.Helper()
	if n.Title == "" {
		n.Title = "A change"
	}
	if n.To == nil {
		n.To = []proto.Agency{"usbp.example"}
	}
	signed, done, err := notice.Sign(by.Identity("authority/main"), n, time.Now())
	ok(t, err)
	ok(t, by.Node.Take(t.Context(), relay.Document{Kind: proto.DocumentNotice, Signed: signed}))
	time.Sleep(2 * time.Second)
	return done
}

// noticeAt returns the notice as an agency's relay shows it; nil if it has none.
func noticeAt(a *relaytest.Agency, id proto.NoticeID) *relay.NoticeState {
	held := a.Node.Notices().Held
	for i := range held {
		if held[i].ID == id {
			return &held[i]
		}
	}
	return nil
}

// loggedRun is run with a log.
func loggedRun(t *testing.T, fn func(*testing.T, *border, *logged)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBorder(t, 1, directly)
		var all *logged
		all, b.Log = newLogged(false)
		b.Start(b.agencies...)
		defer b.Close(b.agencies...)
		time.Sleep(15 * time.Second)
		fn(t, b, all)
	})
}

// count counts the lines of the log of an agency's relay that hold all the words.
func (l *logged) count(agency proto.Agency, words ...string) (n int) {
	for line := range strings.Lines(l.String()) {
		found := strings.Contains(line, "agency="+string(agency))
		for _, w := range words {
			found = found && strings.Contains(line, w)
		}
		if found {
			n++
		}
	}
	return n
}

// TestNoticeTravelsAndItsAnswerComesBack: to the agency that it names and to no other,
// with what it breaks there; both outlive a restart, and nothing is told twice.
func TestNoticeTravelsAndItsAnswerComesBack(t *testing.T) {
	long(t)
	loggedRun(t, func(t *testing.T, b *border, all *logged) {
		newPatrol(t, b) // so that there are channels to break
		begins := time.Now().Add(3 * time.Hour).Truncate(time.Second)
		n := announce(t, b.us, proto.Notice{
			To: []proto.Agency{"gn.example"}, Kind: proto.NoticeMaintenance, Title: "New disks", Begins: begins, Ends: begins.Add(time.Hour),
		})
		there := noticeAt(b.mx, n.ID)
		if there == nil || there.Stage != proto.StageDay || len(there.Does) == 0 || there.Does[0].Code != "hub-away" || !there.Does[0].Breaks {
			t.Fatalf("at the partner: %+v", there)
		}
		if noticeAt(b.us, n.ID) == nil || noticeAt(b.ca, n.ID) != nil {
			t.Error("it is not where it should be, or where it should not")
		}
		signed, _, err := notice.SignAnswer(b.mx.Identity("authority/main"), proto.NoticeAnswer{Notice: n.ID, Of: n.Agency, Objects: true, Text: "Not during the shift"}, time.Now())
		ok(t, err)
		ok(t, b.mx.Node.Take(t.Context(), relay.Document{Kind: proto.DocumentNoticeAnswer, Signed: signed}))
		time.Sleep(2 * time.Second)
		answered := func(why string) {
			t.Helper()
			here := noticeAt(b.us, n.ID)
			if here == nil || len(here.Answers) != 1 || here.Answers[0].By != "gn.example" || !here.Answers[0].Objects || here.Answers[0].Text != "Not during the shift" {
				t.Errorf("%s: %+v", why, here)
			}
		}
		answered("answered")
		b.us.Crash()
		b.mx.Crash()
		b.us.Restart()
		b.mx.Restart()
		time.Sleep(15 * time.Second)
		answered("after a restart")
		for _, a := range []proto.Agency{"usbp.example", "gn.example"} {
			if got := all.count(a, "act=notice", "within a day", "New disks"); got != 1 {
				t.Errorf("%s was told %d times", a, got)
			}
		}
		time.Sleep(time.Until(begins.Add(-time.Hour + 5*time.Second)))
		if all.count("gn.example", "act=notice", "within the hour", "hub-away") != 1 {
			t.Error("the hour before was not told")
		}
		if s := scrape(t, b.mx.Node); s[`crossband_change_notices{agency="usbp.example"}`] != 1 {
			t.Errorf("figures: %q", like(s, "crossband_change_notices"))
		}
	})
}

// TestDesksHearOfANotice: own and the partner's, also one that links later; they count
// down by themselves, and hear when it is taken back.
func TestDesksHearOfANotice(t *testing.T) {
	long(t)
	loggedRun(t, func(t *testing.T, b *border, _ *logged) {
		here, there := b.us.Endpoint("desk/here"), b.mx.Endpoint("desk/there")
		time.Sleep(2 * time.Second)
		begins := time.Now().Add(2 * time.Hour).Truncate(time.Second)
		n := announce(t, b.us, proto.Notice{To: []proto.Agency{"gn.example"}, Kind: proto.NoticeMaintenance, Begins: begins, Ends: begins.Add(time.Hour)})
		late := b.mx.Endpoint("desk/late")
		heard := func(e *relaytest.Endpoint, stage proto.NoticeStage, off bool) {
			t.Helper()
			relaytest.Wait(t, e.Watch, "the notice", func(c client.ChangeNotice) bool { return c.Notice.ID == n.ID && c.Stage == stage && c.Off == off })
		}
		for _, e := range []*relaytest.Endpoint{here, there, late} {
			heard(e, proto.StageDay, false)
		}
		b.us.Crash() // they count down without any relay
		b.mx.Crash()
		time.Sleep(time.Until(begins.Add(-time.Hour + 2*time.Second)))
		heard(there, proto.StageHour, false)
		b.us.Restart()
		b.mx.Restart()
		time.Sleep(30 * time.Second)
		announce(t, b.us, proto.Notice{To: n.To, Kind: proto.NoticeWithdrawn, Replaces: n.ID, Begins: time.Now().Truncate(time.Second), Ends: n.Ends})
		for _, e := range []*relaytest.Endpoint{here, there, late} {
			heard(e, proto.StageHour, true)
		}
		time.Sleep(2 * time.Hour)
		for _, e := range []*relaytest.Endpoint{here, there, late} {
			if got := len(relaytest.Find[client.ChangeNotice](e.Watch)); got != 3 {
				t.Errorf("told %d times, want 3: %+v", got, relaytest.Find[client.ChangeNotice](e.Watch))
			}
		}
	})
}

// TestAPartnersRelayThatWasAwayHearsOfTheNotice when it links again.
func TestAPartnersRelayThatWasAwayHearsOfTheNotice(t *testing.T) {
	loggedRun(t, func(t *testing.T, b *border, _ *logged) {
		b.mx.Crash()
		time.Sleep(10 * time.Second)
		begins := time.Now().Add(48 * time.Hour).Truncate(time.Second)
		n := announce(t, b.us, proto.Notice{To: []proto.Agency{"gn.example"}, Kind: proto.NoticeOther, Begins: begins, Ends: begins.Add(time.Hour)})
		b.mx.Restart()
		time.Sleep(20 * time.Second)
		if noticeAt(b.mx, n.ID) == nil {
			t.Error("it did not")
		}
	})
}

// TestUnannouncedChangeAtAPartner: versions and capabilities that change with a restart
// alarm at the other side, unless a notice announced just these for this time.
func TestUnannouncedChangeAtAPartner(t *testing.T) {
	loggedRun(t, func(t *testing.T, b *border, all *logged) {
		restart := func(o link.Offers) {
			b.mx.Stop()
			b.mx.Offers = o
			b.mx.Restart()
			time.Sleep(30 * time.Second)
		}
		alarms := func() int { return len(b.us.Node.Notices().Unannounced) }
		restart(link.Offers{})
		if got := all.count("usbp.example", "act=change"); got != 0 {
			t.Errorf("a restart alone: %d changes", got)
		}
		restart(link.Offers{VersionMax: 2})
		if alarms() != 1 || all.count("usbp.example", "unannounced change", "alarm=true", "level=ERROR", "1 to 2") != 1 {
			t.Errorf("unannounced versions: %d alarms: %+v", alarms(), b.us.Node.Notices().Unannounced)
		}
		if s := scrape(t, b.us.Node); s[`crossband_peer_unannounced_changes{agency="gn.example"}`] != 1 || b.us.Node.Stats().Unannounced != 1 {
			t.Errorf("figures: %q", like(s, "crossband_peer_unannounced"))
		}
		now := time.Now().Truncate(time.Second)
		announce(t, b.mx, proto.Notice{
			Kind: proto.NoticeProtocol, Begins: now.Add(time.Minute), Ends: now.Add(time.Hour),
			Protocol: proto.ProtocolChange{Min: 1, Max: 3, Capabilities: []string{"positions"}},
		})
		time.Sleep(time.Minute)
		restart(link.Offers{VersionMax: 3, Capabilities: []string{"positions"}})
		if alarms() != 1 || all.count("usbp.example", `msg="announced change`, "level=INFO") != 2 {
			t.Errorf("announced versions and capabilities: %d alarms: %+v", alarms(), b.us.Node.Notices().Unannounced)
		}
		b.us.Crash() // the alarm of before outlives a restart, and nothing is new
		b.us.Restart()
		time.Sleep(30 * time.Second)
		if alarms() != 1 || all.count("usbp.example", "act=change", "unannounced") != 1 {
			t.Errorf("after a restart: %d alarms", alarms())
		}
		restart(link.Offers{VersionMax: 3})
		if alarms() != 2 {
			t.Errorf("a capability that went unannounced: %d alarms", alarms())
		}
	})
}

// TestRootThatRolls: with a notice of the very root it is announced; without one, the
// same roll-over alarms, well signed as it is.
func TestRootThatRolls(t *testing.T) {
	for _, announced := range []bool{true, false} {
		t.Run(map[bool]string{true: "announced", false: "unannounced"}[announced], func(t *testing.T) {
			loggedRun(t, func(t *testing.T, b *border, all *logged) {
				authority := b.Rogue(b.us.Mailbox, b.us)
				bundle, err := b.mx.Authority.RollRoot(nil, 60*24*time.Hour, time.Now())
				ok(t, err)
				if announced {
					now := time.Now().Truncate(time.Second)
					n := announce(t, b.mx, proto.Notice{Kind: proto.NoticeRollover, Begins: now, Ends: now.Add(60 * 24 * time.Hour), Root: bundle.Fingerprint()})
					if does := noticeAt(b.us, n.ID).Does; len(does) != 1 || does[0].Code != "root-not-trusted" || !strings.Contains(does[0].Text, bundle.Fingerprint().String()) {
						t.Errorf("before the bundle is taken: %+v", does)
					}
					ok(t, b.us.Authority.Pins().Update(bundle, time.Now()))
					trustIn(t, b.us, authority)
					time.Sleep(12 * time.Second)
					if does := noticeAt(b.us, n.ID).Does; len(does) != 1 || does[0].Code != "root-trusted" {
						t.Errorf("after: %+v", does)
					}
				} else {
					ok(t, b.us.Authority.Pins().Update(bundle, time.Now()))
					trustIn(t, b.us, authority)
				}
				for _, a := range b.agencies {
					a.Stop()
				}
				time.Sleep(31 * 24 * time.Hour) // the new root issues after half of the overlap
				for _, a := range b.agencies {
					a.Renew("relay/r1")
					a.Restart()
				}
				time.Sleep(30 * time.Second)
				root := all.count("usbp.example", "act=change", "changed=root")
				alarms := len(b.us.Node.Notices().Unannounced)
				if root != 1 || announced && alarms != 0 || !announced && alarms == 0 {
					t.Errorf("%d changes of the root, %d alarms: %+v", root, alarms, b.us.Node.Notices().Unannounced)
				}
			})
		})
	}
}

// TestANoticeThatWasForgedOnTheWayIsRefused: a partner's relay cannot speak for the
// authority, not even its own.
func TestANoticeThatWasForgedOnTheWayIsRefused(t *testing.T) {
	loggedRun(t, func(t *testing.T, b *border, all *logged) {
		now := time.Now().Truncate(time.Second)
		signed, n, err := notice.Sign(b.mx.Identity("authority/main"), proto.Notice{
			To: []proto.Agency{"usbp.example"}, Kind: proto.NoticeOther, Title: "A change", Begins: now.Add(time.Hour), Ends: now.Add(2 * time.Hour),
		}, now)
		ok(t, err)
		b.mx.Stop()
		time.Sleep(5 * time.Second)
		partner := b.Rogue(b.mx.Identity("relay/r1"), b.us)
		time.Sleep(time.Second)
		bad := strings.Replace(string(signed), "A change", "No alarm", 1)
		ok(t, partner.Send(&wire.Frame{Id: 1, Body: &wire.Frame_Document{Document: &wire.Document{Kind: wire.Document_KIND_NOTICE, Signed: []byte(bad)}}}))
		time.Sleep(3 * time.Second)
		if len(b.us.Node.Notices().Held) != 0 || all.count("usbp.example", "refused", "act=document") != 1 {
			t.Errorf("a forged notice: %+v", b.us.Node.Notices().Held)
		}
		ok(t, partner.Send(&wire.Frame{Id: 2, Body: &wire.Frame_Document{Document: &wire.Document{Kind: wire.Document_KIND_NOTICE, Signed: signed}}}))
		time.Sleep(3 * time.Second)
		if noticeAt(b.us, n.ID) == nil {
			t.Error("the good one is refused after it")
		}
	})
}
