package link_test

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"crossband/proto"
	"crossband/proto/link"
	"crossband/proto/wire"
)

// bubble is a listener with a raw peer, in virtual time.
func bubble(t *testing.T, server link.Config, peer proto.Name, p *pki, test func(t *testing.T, n *network, l *link.Listener, r *raw)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		at, from := n.endpoint(), n.endpoint()
		if err := n.sim.Start(); err != nil {
			t.Fatal(err)
		}
		server.Refused = func(a link.Attempt) { n.refused <- a }
		l, err := link.Listen(at, server)
		if err != nil {
			t.Fatal(err)
		}
		r, err := dialRaw(t, from, at.LocalAddr(), memberTLS(p.issue(peer)))
		defer func() {
			r.close()
			if err := l.Close(); err != nil {
				t.Error(err)
			}
			n.sim.Close()
		}()
		if err != nil {
			t.Fatal(err)
		}
		test(t, n, l, r)
	})
}

func TestGreetingRefusals(t *testing.T) {
	p := newPKI(t)
	for name, tt := range map[string]struct {
		sent []byte
		want proto.Reason
	}{
		"nothing":                   {nil, proto.ReasonSlow},
		"half a header":             {header(proto.KindHello, 9)[:3], proto.ReasonSlow},
		"a text first":              {encode(t, text(1)), proto.ReasonNotReady},
		"an answer first":           {encode(t, &wire.Frame{Body: &wire.Frame_HelloAck{HelloAck: &wire.HelloAck{Version: 1}}}), proto.ReasonNotReady},
		"a large greeting":          {header(proto.KindHello, 1<<16), proto.ReasonTooLarge},
		"versions upside down":      {encode(t, hello(2, 1)), proto.ReasonMalformed},
		"no version":                {encode(t, hello(0, 0)), proto.ReasonMalformed},
		"octets that are no proto":  {append(header(proto.KindHello, 2), 0xff, 0xff), proto.ReasonMalformed},
		"too many capabilities":     {encode(t, greeting(make([]string, proto.MaxCapabilities+1))), proto.ReasonMalformed},
		"a capability without name": {encode(t, greeting([]string{""})), proto.ReasonMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			server := p.config(relayA())
			bubble(t, server, relayB(), p, func(t *testing.T, n *network, l *link.Listener, r *raw) {
				begun := time.Now()
				if tt.sent != nil {
					r.write(tt.sent)
				}
				if got := r.ended(); proto.Reason(got.ErrorCode) != tt.want {
					t.Errorf("peer heard %d %q, want %d", got.ErrorCode, got.ErrorMessage, tt.want)
				}
				wantOwnRefusal(t, "listener", (<-n.refused).Err, tt.want)
				if took := time.Since(begun); took > 6*time.Second {
					t.Errorf("the peer held a place for %v", took)
				}
				if s := l.Stats(); s.Refused != 1 || s.Accepted != 0 {
					t.Errorf("stats %+v", s)
				}
			})
		})
	}
}

func greeting(capabilities []string) *wire.Frame {
	f := hello(1, 1)
	f.GetHello().Capabilities = capabilities
	return f
}

func TestBreachClosesWithOneReasonAtBothEnds(t *testing.T) {
	p := newPKI(t)
	floor := &wire.Frame{Id: 1, Body: &wire.Frame_FloorGranted{FloorGranted: &wire.FloorGranted{}}}
	mismatch := encode(t, text(1))
	mismatch[1] = byte(proto.KindHail)
	for name, tt := range map[string]struct {
		sent []byte
		end  bool // end the stream behind it
		want proto.Reason
	}{
		"forbidden kind":           {encode(t, floor), false, proto.ReasonForbidden},
		"second greeting":          {encode(t, hello(1, 1)), false, proto.ReasonForbidden},
		"unknown kind":             {header(999, 0), false, proto.ReasonUnknown},
		"kind zero":                {header(0, 0), false, proto.ReasonUnknown},
		"longer than the kind may": {header(proto.KindText, proto.MaxFrame), false, proto.ReasonTooLarge},
		"length 2^32-1":            {header(proto.KindCommit, math.MaxUint32), false, proto.ReasonTooLarge},
		"optional, length 2^32-1":  {header(proto.KindOptional|999, math.MaxUint32), false, proto.ReasonTooLarge},
		"not protobuf":             {append(header(proto.KindText, 2), 0xff, 0xff), false, proto.ReasonMalformed},
		"header and body differ":   {mismatch, false, proto.ReasonMalformed},
		"empty body":               {header(proto.KindText, 0), false, proto.ReasonMalformed},
		"ends within a header":     {header(proto.KindText, 9)[:4], true, proto.ReasonMalformed},
		"ends within a body":       {encode(t, text(100))[:50], true, proto.ReasonMalformed},
		"stops within a header":    {header(proto.KindText, 9)[:1], false, proto.ReasonSlow},
		"stops within a body":      {encode(t, text(100))[:50], false, proto.ReasonSlow},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, p.config(relayA()), unit(), p, func(t *testing.T, n *network, l *link.Listener, r *raw) {
				r.greet()
				c, err := l.Accept(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				r.write(tt.sent)
				if tt.end {
					r.stream.Close()
				}
				begun := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				f, err := c.Receive(ctx)
				if f != nil {
					t.Errorf("received %v", f)
				}
				wantOwnRefusal(t, "receiver", err, tt.want)
				if got := r.ended(); proto.Reason(got.ErrorCode) != tt.want {
					t.Errorf("peer heard %d %q, want %d", got.ErrorCode, got.ErrorMessage, tt.want)
				}
				if took := time.Since(begun); took > 11*time.Second {
					t.Errorf("cut after %v", took)
				}
				<-c.Done()
				wantOwnRefusal(t, "link", c.Err(), tt.want)
			})
		})
	}
}

// TestSlowLoris sends one octet of a good frame every ten seconds.
func TestSlowLoris(t *testing.T) {
	p := newPKI(t)
	bubble(t, p.config(relayA()), unit(), p, func(t *testing.T, n *network, l *link.Listener, r *raw) {
		r.greet()
		c, err := l.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		ended := make(chan struct{})
		go func() { // ends when the link is cut
			defer close(ended)
			for _, b := range encode(t, text(100)) {
				if _, err := r.stream.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(10 * time.Second)
			}
		}()
		_, err = c.Receive(t.Context())
		wantOwnRefusal(t, "receiver", err, proto.ReasonSlow)
		if took := time.Since(begun); took > 25*time.Second {
			t.Errorf("cut after %v", took)
		}
		<-ended
	})
}

func TestUnknownOptionalFrameIsSkipped(t *testing.T) {
	p := newPKI(t)
	bubble(t, p.config(relayA()), unit(), p, func(t *testing.T, n *network, l *link.Listener, r *raw) {
		r.greet()
		c, err := l.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		go func() { // ends when all is written
			r.stream.Write(append(header(proto.KindOptional|999, 3), 1, 2, 3))
			r.stream.Write(header(proto.KindOptional|998, 0))
			time.Sleep(time.Minute) // no frame has begun: the pause may last
			r.stream.Write(encode(t, text(5)))
		}()
		f, err := c.Receive(t.Context())
		if err != nil || len(f.GetText().GetSealed()) != 5 {
			t.Errorf("%v, %v; want the frame behind the optional ones", f, err)
		}
	})
}

func TestOnlyOneStream(t *testing.T) {
	p := newPKI(t)
	bubble(t, p.config(relayA()), unit(), p, func(t *testing.T, n *network, l *link.Listener, r *raw) {
		r.greet()
		c, err := l.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		opened := 0
		for range 10_000 {
			if _, err := r.conn.OpenStream(); err == nil {
				opened++
			}
			if _, err := r.conn.OpenUniStream(); err == nil {
				opened++
			}
		}
		if opened > 0 {
			t.Errorf("%d more streams could be opened", opened)
		}
		r.write(encode(t, text(5)))
		if _, err := c.Receive(t.Context()); err != nil {
			t.Errorf("the link did not go on: %v", err)
		}
	})
}
