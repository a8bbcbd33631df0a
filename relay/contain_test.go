package relay

import (
	"bytes"
	"context"
	"crypto/elliptic"
	"crypto/tls"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crossband/crypto/charter"
	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/link"
	"crossband/proto/wire"
	"crossband/relay/hub"
	"crossband/relay/store"
)

// halfNode is a node whose loop is the test: it takes the events itself.
type halfNode struct {
	*Node
	t    *testing.T
	auth *identity.Authority
	log  *bytes.Buffer // read only when the node has ended
}

func newHalfNode(t *testing.T) *halfNode {
	t.Helper()
	auth, err := identity.InitAuthority(filepath.Join(t.TempDir(), "us"), "usbp.example", time.Now(), identity.AuthorityOptions{})
	if err != nil {
		t.Fatal(err)
	}
	h := &halfNode{t: t, auth: auth, log: new(bytes.Buffer)}
	h.Node, err = New(Config{Identity: h.identity("relay/r1"), Listen: h.socket(), Store: store.NewMemory(), Log: slog.New(slog.NewJSONHandler(h.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *halfNode) identity(short string) *identity.Identity {
	h.t.Helper()
	name, err := proto.ParseName("spiffe://usbp.example/" + short)
	if err != nil {
		h.t.Fatal(err)
	}
	id, err := h.auth.IssueLocal(name, elliptic.P256(), time.Now())
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

func (h *halfNode) socket() net.PacketConn {
	h.t.Helper()
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

// dial links a unit and takes its arrival off the queue.
func (h *halfNode) dial(ctx context.Context, short string) (*link.Conn, *port) {
	h.t.Helper()
	id := h.identity(short)
	d, err := link.NewDialer(h.socket(), link.Config{
		Self:        id.Name,
		Certificate: func() (*tls.Certificate, error) { c, err := id.TLSCertificate(); return &c, err },
		Verify:      func([][]byte, bool) (proto.Name, error) { return h.Name(), nil },
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { d.Close() })
	c, err := d.Dial(ctx, h.listener.Addr(), link.RelayOf("usbp.example"))
	if err != nil {
		h.t.Fatal(err)
	}
	in, ok := h.next(ctx).(linkIn)
	if !ok {
		h.t.Fatal("a link did not arrive")
	}
	return c, in.conn
}

func (h *halfNode) next(ctx context.Context) hub.Event {
	h.t.Helper()
	select {
	case e := <-h.events:
		return e
	case <-ctx.Done():
		h.t.Fatal("no event")
		return nil
	}
}

// TestAFaultInOneLinksReaderEndsThatLinkAlone: a route that leads nowhere makes
// the reader of one unit's voice fail, as a fault of ours would. The unit is
// told that it is our fault, the log has the stack, and the other unit's frames
// still come.
func TestAFaultInOneLinksReaderEndsThatLinkAlone(t *testing.T) {
	h := newHalfNode(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	h.wg.Go(func() { h.accept(ctx) }) // ends when the listener closes
	hit, hitPort := h.dial(ctx, "unit/hit")
	spared, sparedPort := h.dial(ctx, "unit/spared")
	hitPort.setRoute(7, &route{out: []voiceOut{{nil, 1}}})
	head := proto.SFrameHeader{KID: 1 << 8}.AppendTo(nil)
	if !hit.SendVoice(7, append(head, make([]byte, 40)...)) {
		t.Fatal("no voice was sent")
	}

	if _, err := hit.Receive(ctx); err == nil {
		t.Fatal("the link goes on")
	}
	<-hit.Done()
	var told *link.RefusedByPeer
	if !errors.As(hit.Err(), &told) || told.Refusal.Reason != proto.ReasonInternal {
		t.Errorf("the unit was told %v, want reason %d", hit.Err(), proto.ReasonInternal)
	}
	if down, ok := h.next(ctx).(hub.LinkDown); !ok || down.Link != hitPort.id {
		t.Errorf("the loop was told %+v, want that the link is down", down)
	}
	if err := spared.Send(&wire.Frame{Id: 1, Body: &wire.Frame_FetchLog{FetchLog: &wire.FetchLog{Channel: make([]byte, 32)}}}); err != nil {
		t.Fatal(err)
	}
	if in, ok := h.next(ctx).(frameIn); !ok || in.Link != sparedPort.id {
		t.Errorf("the other unit's frame did not come: %+v", in)
	}
	if n := h.Stats().Faults; n != 1 {
		t.Errorf("%d faults counted, want 1", n)
	}
	cancel()
	h.listener.Close()
	h.wg.Wait()
	faultLogged(t, h.log.Bytes(), "unit/hit")
}

func faultLogged(t *testing.T, log []byte, peer string) {
	t.Helper()
	for line := range bytes.Lines(log) {
		var m struct{ Msg, Peer, Fault, Stack string }
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(m.Peer, peer) && strings.Contains(m.Fault, "nil pointer") && strings.Contains(m.Stack, "forwardVoice") {
			return
		}
	}
	t.Errorf("the log does not say where the fault is:\n%s", log)
}

// TestAFaultInTheLoopEndsTheNode: what fails within a change of the hub may
// have changed half of it. Nobody carries on with that.
func TestAFaultInTheLoopEndsTheNode(t *testing.T) {
	h := newHalfNode(t)
	signed, _, err := charter.Sign(h.identity("authority/main"), &wire.Charter{
		Owner: "usbp.example", Kind: wire.Charter_KIND_STANDING, Title: "Patrol", Suite: uint32(proto.SuiteP256), Storage: wire.Charter_STORAGE_SEALED,
		Parties: []*wire.Charter_Party{{Agency: "usbp.example", Send: []string{"unit"}, MaxPriority: 1}}, ExpiresMs: time.Now().Add(time.Hour).UnixMilli(),
	}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	h.cfg.Charters = [][]byte{signed}
	h.cfg.Store = faultyStore{h.cfg.Store}
	fault := func() (fault any) {
		defer func() { fault = recover() }()
		h.Run(t.Context())
		return nil
	}()
	if fault != errFault {
		t.Errorf("the node ended with %v: it must not carry on with a hub that may be half changed", fault)
	}
	h.listener.Close()
	h.wg.Wait()
}

// faultyStore fails as a fault of ours would.
type faultyStore struct{ store.Store }

func (faultyStore) Write(context.Context, []store.Record) error { panic(errFault) }

var errFault = errors.New("a fault of ours")
