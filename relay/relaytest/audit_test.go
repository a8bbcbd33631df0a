package relaytest_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go/testutils/simnet"

	"crossband/client"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// paper keeps what relays and devices log.
type paper struct {
	mu    sync.Mutex // guards lines
	lines bytes.Buffer
}

func (p *paper) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lines.Write(b)
}

// line is one record, as far as it concerns an act.
type line struct {
	Level, Msg, Agency                       string
	Act, Who, When, Where, Result, Why, Peer string
	Code                                     int
	Attack, Alarm                            bool
}

// acts lists the records of an agency's relay since the n-th, and how many
// there are.
func (p *paper) acts(t *testing.T, a *relaytest.Agency, from int) (list []line, all int) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for text := range bytes.Lines(p.lines.Bytes()) {
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if l.Agency != string(a.Name) || l.Act == "" {
			continue
		}
		if all++; all > from {
			list = append(list, l)
		}
	}
	return list, all
}

// written runs fn with everything logged on paper.
func written(t *testing.T, fn func(*testing.T, *border, *paper)) {
	p := new(paper)
	runWith(t, 1, func(b *border) {
		b.Log = slog.New(slog.NewJSONHandler(p, nil))
		directly(b)
	}, func(t *testing.T, b *border) { fn(t, b, p) })
}

// complete checks that a record tells who, when, where and with what result.
func complete(t *testing.T, l line) {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04:05.00Z", l.When)
	if err != nil || at.Location() != time.UTC || time.Since(at).Abs() > time.Hour {
		t.Errorf("%s %q: when %q, %v", l.Act, l.Msg, l.When, err)
	}
	if l.Who == "" || l.Where == "" || l.Result != "done" && (l.Result != "refused" || l.Code == 0 || l.Why == "") {
		t.Errorf("the record lacks something: %+v", l)
	}
}

// TestEachAdministrativeActIsOneRecord: who comes and goes, whom the relay
// trusts, which rules it serves by.
func TestEachAdministrativeActIsOneRecord(t *testing.T) {
	written(t, func(t *testing.T, b *border, p *paper) {
		time.Sleep(time.Second)
		list, seen := p.acts(t, b.us, 0)
		count := func(what string) (n int) {
			for _, l := range list {
				complete(t, l)
				if l.Act == what {
					n++
				}
			}
			return n
		}
		if n := count("config"); n != 1 {
			t.Errorf("%d records of the configuration in force, want 1", n)
		}
		if n := count("charter"); n != 2 {
			t.Errorf("%d records of two charters registered", n)
		}

		desk := b.us.Endpoint("desk/del-rio")
		var ch *client.Channel
		guard := b.mx.Endpoint("unit/gn-7")
		rookie := b.us.Endpoint("unit/rookie")
		time.Sleep(time.Second)
		list, seen = p.acts(t, b.us, seen)
		once := func(what, who, where, result string, do func()) {
			t.Helper()
			do()
			time.Sleep(time.Second)
			list, seen = p.acts(t, b.us, seen)
			list = slices.DeleteFunc(list, func(l line) bool { return l.Act == "link" }) // of an agency that is out
			if len(list) != 1 || list[0].Act != what || list[0].Result != result ||
				!strings.HasSuffix(list[0].Who, who) || !strings.HasPrefix(list[0].Where, where) {
				t.Errorf("%s by %s: the records are %+v, want one", what, who, list)
			}
			for _, l := range list {
				complete(t, l)
			}
		}
		channel := "channel " + b.group.Short()
		once("charter", "desk/del-rio", channel, "done", func() { ch = desk.MustJoin(b.group) }) // creates it
		once("join", "unit/gn-7", channel, "done", func() { guard.MustJoin(b.group) })
		once("add", "desk/del-rio", channel, "done", func() { ok(t, ch.Add(minute(t), rookie.Name())) })
		once("keys", "desk/del-rio", channel, "done", func() { ok(t, ch.Refresh(minute(t))) })
		once("remove", "desk/del-rio", channel, "done", func() { ok(t, ch.Remove(minute(t), rookie.Name())) })
		list, seen = p.acts(t, b.us, seen)

		// The authority hands out a trust list without Canada, then an old one.
		old, err := b.us.Authority.TrustList(time.Now())
		ok(t, err)
		ok(t, b.us.Authority.Pins().Unpin(b.ca.Name))
		next, err := b.us.Authority.TrustList(time.Now())
		ok(t, err)
		mailbox := b.Rogue(b.us.Mailbox, b.us)
		time.Sleep(time.Second)
		_, seen = p.acts(t, b.us, seen)
		do := func(list []byte) func() {
			return func() {
				mailbox.Call(&wire.Frame{Body: &wire.Frame_TrustList{TrustList: &wire.TrustList{Signed: list}}})
			}
		}
		once("trust", "authority/main", "relay", "done", do(next))
		once("trust", "authority/main", "relay", "refused", do(old))
	})
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestStrangersAreRefusedOnRecordAndHarmNobody: certificates that no honest
// authority gives for whom they name, or not at present. Both ends hear the same
// reason, the relay counts and records each, and an authority that vouches for
// another agency's device is an alarm. Those who talk meanwhile notice nothing.
func TestStrangersAreRefusedOnRecordAndHarmNobody(t *testing.T) {
	written(t, func(t *testing.T, b *border, paper *paper) {
		p := newPatrol(t, b)
		twin := b.World.Agency(string(b.us.Name)) // other keys under the same name
		talk := push(t, p.us, endless, client.TalkOptions{}).held()
		const unit = "spiffe://usbp.example/unit/del-rio-9"
		for why, c := range map[string]struct {
			by     *relaytest.Agency
			uri    string
			change func(*x509.Certificate)
			want   proto.Reason
			says   []string
			attack bool
		}{
			"its time is over": {b.us, unit, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }, proto.ReasonExpired,
				[]string{"expired on " + day(-time.Minute), "this clock shows " + day(0)}, false},
			"its time has not come": {b.us, unit, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(23 * time.Hour) }, proto.ReasonNotYetValid,
				[]string{"valid from " + day(23*time.Hour), "this clock shows " + day(0)}, false},
			"other authority, same names":                   {twin, unit, nil, proto.ReasonUnknownAuthority, []string{"unknown authority"}, false},
			"Mexico's authority names a US unit":            {b.mx, unit, nil, proto.ReasonWrongAgency, []string{"may not vouch for that agency", "gn.example", "not usbp.example"}, true},
			"Mexico's authority names the US relay":         {b.mx, "spiffe://usbp.example/relay/r1", nil, proto.ReasonWrongAgency, []string{"may not vouch for that agency"}, true},
			"a name that is no name":                        {b.us, "spiffe://usbp.example/unit/../relay/r1", nil, proto.ReasonNoIdentity, nil, false},
			"a certificate that may only be dialled, dials": {b.us, unit, func(c *x509.Certificate) { c.ExtKeyUsage = c.ExtKeyUsage[1:] }, proto.ReasonWrongUsage, nil, false},
			"a partner's unit at the wrong relay":           {b.mx, "spiffe://gn.example/unit/lost", nil, proto.ReasonUnknownPeer, nil, false},
		} {
			_, seen := paper.acts(t, b.us, 0)
			refused := b.us.Node.Stats().Refused
			err := b.Stranger(c.by.Forge(c.uri, c.change), b.us)
			time.Sleep(100 * time.Millisecond)
			if proto.ReasonOf(err) != c.want {
				t.Errorf("%s: told %v, want reason %d", why, err, c.want)
			}
			list, _ := paper.acts(t, b.us, seen)
			if n := b.us.Node.Stats().Refused - refused; n != 1 || len(list) != 1 {
				t.Errorf("%s: %d refusals counted, records %+v, want one", why, n, list)
				continue
			}
			l := list[0]
			complete(t, l)
			if l.Act != "link" || l.Code != int(c.want) || l.Attack != c.attack || (l.Level == "ERROR") != c.attack {
				t.Errorf("%s: recorded as %+v", why, l)
			}
			for _, s := range c.says {
				if !strings.Contains(l.Why, s) {
					t.Errorf("%s: the record says %q, want %q in it", why, l.Why, s)
				}
			}
		}
		r := talk.release()
		if h := heard(t, p.guard, r, "those who talk notice nothing"); h.Frames != r.Sent || !h.Genuine {
			t.Errorf("heard %+v of %d frames", h, r.Sent)
		}
	})
}

// day is a moment from now as sentences show it, to the minute.
func day(d time.Duration) string { return time.Now().Add(d).UTC().Format("2006-01-02 15:04") }

// TestAHugeChainIsNotReadToItsEnd: the relay stops reading a stranger's
// handshake at 16 KiB, so that less than half of what the stranger would send
// has left it when it is refused. The refusal is on record, and those who talk
// notice nothing.
func TestAHugeChainIsNotReadToItsEnd(t *testing.T) {
	written(t, func(t *testing.T, b *border, paper *paper) {
		p := newPatrol(t, b)
		var mu sync.Mutex // guards sent
		sent := make(map[string]int)
		b.Net.Tap(func(x simnet.Packet) {
			if x.To.String() == b.us.Addr.String() {
				mu.Lock()
				sent[x.From.String()] += len(x.Data)
				mu.Unlock()
			}
		})
		talk := push(t, p.us, endless, client.TalkOptions{}).held()
		for why, chain := range map[string]func(*tls.Certificate){
			"a certificate of 200 KB": func(c *tls.Certificate) { c.Certificate = append(c.Certificate, make([]byte, 200_000)) },
			"a chain of 300 too many": func(c *tls.Certificate) {
				c.Certificate = append(c.Certificate, slices.Repeat(c.Certificate[1:2], 300)...)
			},
			"a chain of 60 authorities": func(c *tls.Certificate) {
				c.Certificate = append(c.Certificate, slices.Repeat(c.Certificate[1:2], 60)...)
			},
		} {
			_, seen := paper.acts(t, b.us, 0)
			mu.Lock()
			clear(sent)
			mu.Unlock()
			cert := b.us.Forge("spiffe://usbp.example/unit/huge", nil)
			chain(&cert)
			if err := b.Stranger(cert, b.us); err == nil {
				t.Errorf("%s was let in", why)
			}
			time.Sleep(time.Second)
			mu.Lock()
			for from, n := range sent {
				if known := from == b.mx.Addr.String() || from == b.ca.Addr.String() || from == p.agent.Addr.String(); !known && n > 100_000 {
					t.Errorf("%s: %d octets were taken from a stranger before it was refused", why, n)
				}
			}
			mu.Unlock()
			list, _ := paper.acts(t, b.us, seen)
			if len(list) != 1 || list[0].Act != "link" || list[0].Code == 0 {
				t.Errorf("%s: records %+v, want one refusal", why, list)
			}
		}
		r := talk.release()
		if h := heard(t, p.guard, r, "those who talk notice nothing"); h.Frames != r.Sent || !h.Genuine {
			t.Errorf("heard %+v of %d frames", h, r.Sent)
		}
	})
}
