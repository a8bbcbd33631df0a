package relaytest_test

import (
	"bufio"
	"context"
	"crypto/elliptic"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"crossband/client"
	"crossband/crypto/charter"
	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/link"
	"crossband/proto/wire"
	"crossband/relay"
	"crossband/relay/store"
)

// fleetOf is how many endpoints TestFleet has; 0 leaves it out.
func fleetOf() int {
	n := 0
	fmt.Sscan(flag.Lookup("fleet").Value.String(), &n)
	return n
}

// TestMain declares the package's own flag, and is the relay in the processes
// that tests start.
func TestMain(m *testing.M) {
	flag.Int("fleet", 0, "endpoints of TestFleet, which takes a minute for 1,000")
	if dir := os.Getenv("CROSSBAND_TEST_RELAY"); dir != "" {
		if err := runRelay(dir, os.Getenv("CROSSBAND_TEST_ADDRESS")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// runRelay is a relay with real sockets until its standard input ends.
func runRelay(dir, address string) error {
	id, err := identity.Load(filepath.Join(dir, "relay"), nil)
	if err != nil {
		return err
	}
	var charters [][]byte
	files, _ := filepath.Glob(filepath.Join(dir, "*.charter"))
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		charters = append(charters, b)
	}
	pc, err := net.ListenPacket("udp4", address)
	if err != nil {
		return err
	}
	pc.(*net.UDPConn).SetReadBuffer(4 << 20)
	node, err := relay.New(relay.Config{
		Identity: id, Listen: pc, Store: store.NewMemory(), Charters: charters, Peers: []relay.Peer{{Agency: "rcmp.example"}},
	})
	if err != nil {
		return err
	}
	fmt.Println(pc.LocalAddr())
	ctx, cancel := context.WithCancel(context.Background())
	go func() { // ends with standard input
		io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return node.Run(ctx)
}

// realAgency is an agency whose relay is a process of its own.
type realAgency struct {
	t    *testing.T
	dir  string
	auth *identity.Authority
	cmd  *exec.Cmd
	in   io.Closer
	addr net.Addr
}

func newRealAgency(t *testing.T, name proto.Agency) *realAgency {
	t.Helper()
	a := &realAgency{t: t, dir: t.TempDir()}
	var err error
	a.auth, err = identity.InitAuthority(filepath.Join(a.dir, "authority"), name, time.Now(), identity.AuthorityOptions{})
	a.check(err)
	return a
}

func (a *realAgency) check(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

func (a *realAgency) identity(short string) *identity.Identity {
	a.t.Helper()
	name, err := proto.ParseName("spiffe://" + string(a.auth.Bundle().Agency) + "/" + short)
	a.check(err)
	id, err := a.auth.IssueLocal(name, elliptic.P256(), time.Now())
	a.check(err)
	return id
}

// standing charters a channel of the agency's own.
func (a *realAgency) standing(title string) proto.ChannelID {
	a.t.Helper()
	agency := string(a.auth.Bundle().Agency)
	signed, c, err := charter.Sign(a.identity("authority/main"), &wire.Charter{
		Kind: wire.Charter_KIND_STANDING, Title: title, Owner: agency, Suite: uint32(proto.SuiteP256), Storage: wire.Charter_STORAGE_SEALED,
		ExpiresMs: time.Now().Add(time.Hour).UnixMilli(),
		Parties:   []*wire.Charter_Party{{Agency: agency, Send: []string{"unit", "desk"}, MaxPriority: uint32(proto.PriorityEmergency)}},
	}, time.Now())
	a.check(err)
	a.check(os.WriteFile(filepath.Join(a.dir, title+".charter"), signed, 0o600))
	return c.Channel
}

// start starts the relay's process, at the address that it had before.
func (a *realAgency) start() {
	a.t.Helper()
	address := "127.0.0.1:0"
	if a.addr != nil {
		address = a.addr.String()
	}
	a.cmd = exec.Command(os.Args[0])
	a.cmd.Env = append(os.Environ(), "CROSSBAND_TEST_RELAY="+a.dir, "CROSSBAND_TEST_ADDRESS="+address)
	a.cmd.Stderr = os.Stderr
	var err error
	a.in, err = a.cmd.StdinPipe()
	a.check(err)
	out, err := a.cmd.StdoutPipe()
	a.check(err)
	a.check(a.cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	a.check(err)
	a.addr, err = net.ResolveUDPAddr("udp4", strings.TrimSpace(line))
	a.check(err)
}

// kill ends the relay's process without a word and returns the time that it has
// had of a processor.
func (a *realAgency) kill() time.Duration {
	a.cmd.Process.Kill()
	a.cmd.Wait()
	a.in.Close()
	return a.cmd.ProcessState.UserTime() + a.cmd.ProcessState.SystemTime()
}

// device opens a session over a real socket.
func (a *realAgency) device(id *identity.Identity, ear client.Sink, events func(client.Event)) *client.Session {
	a.t.Helper()
	pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
	a.check(err)
	s, err := client.Open(client.Config{Identity: id, Relay: a.addr, Socket: pc, Sink: ear})
	a.check(err)
	a.t.Cleanup(func() { s.Close() })
	ctx, cancel := context.WithCancel(context.Background())
	a.t.Cleanup(cancel)
	go func() { // ends with the test
		for {
			select {
			case e := <-s.Events():
				events(e)
			case <-ctx.Done():
				return
			}
		}
	}()
	return s
}

// TestFleet kills a relay with many endpoints and starts it again: how long
// until all are back, and what it costs. Run it with -fleet 1000.
func TestFleet(t *testing.T) {
	n := fleetOf()
	if n == 0 {
		t.Skip("measures: run it with -fleet N")
	}
	a := newRealAgency(t, "usbp.example")
	a.check(a.identity("relay/r1").Save(filepath.Join(a.dir, "relay"), nil))
	a.start()
	back := make(chan time.Time, 2*n)
	begun := time.Now()
	ids := make([]*identity.Identity, n)
	for i := range ids {
		ids[i] = a.identity(fmt.Sprintf("unit/u%d", i))
	}
	t.Logf("%d certificates in %v", n, time.Since(begun))
	all := func(what string, since time.Time) {
		t.Helper()
		var at []time.Duration
		late := time.After(2 * time.Minute)
		for len(at) < n {
			select {
			case x := <-back:
				at = append(at, x.Sub(since))
			case <-late:
				t.Fatalf("%s: %d of %d after two minutes", what, len(at), n)
			}
		}
		slices.Sort(at)
		t.Logf("%s: half after %v, 99 in 100 after %v, all after %v: %.0f links a second", what,
			at[n/2].Round(time.Millisecond), at[n*99/100].Round(time.Millisecond), at[n-1].Round(time.Millisecond), float64(n)/at[n-1].Seconds())
	}
	begun = time.Now()
	for _, id := range ids {
		a.device(id, nil, func(e client.Event) {
			if _, ok := e.(client.Connected); ok {
				back <- time.Now()
			}
		})
	}
	all("first links", begun)
	time.Sleep(12 * time.Second)
	t.Logf("the relay's processor time so far: %v", a.kill())
	time.Sleep(time.Second)
	begun = time.Now()
	own := processorTime()
	a.start()
	all("after a restart", begun)
	time.Sleep(5 * time.Second) // key packages, which this store has lost
	t.Logf("the endpoints' processor time, on the same machine: %v", processorTime()-own)
	t.Logf("the relay's processor time for all to come back and publish: %v", a.kill())
}

// processorTime is what this process has had.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestFloodOverRealSockets has a stolen device and a partner's relay flood a
// relay in its own process, and compares what others lose and wait with and
// without the flood in the same run. Margins are wide: all share a machine.
func TestFloodOverRealSockets(t *testing.T) {
	if testing.Short() {
		t.Skip("talks in real time: not with -short")
	}
	a, ca := newRealAgency(t, "usbp.example"), newRealAgency(t, "rcmp.example")
	a.check(a.auth.Pins().Pin(ca.auth.Bundle(), ca.auth.Bundle().Fingerprint(), time.Now()))
	ca.check(ca.auth.Pins().Pin(a.auth.Bundle(), a.auth.Bundle().Fingerprint(), time.Now()))
	a.check(a.identity("relay/r1").Save(filepath.Join(a.dir, "relay"), nil))
	group := a.standing("Patrol")
	a.start()
	t.Cleanup(func() { a.kill() })
	heard := make(chan client.BurstHeard, 64)
	ear := a.device(a.identity("desk/del-rio"), nil, func(e client.Event) {
		if h, ok := e.(client.BurstHeard); ok {
			heard <- h
		}
	})
	mouth := a.device(a.identity("unit/del-rio-214"), nil, func(client.Event) {})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := ear.Join(ctx, group)
	a.check(err)
	ch, err := mouth.Join(ctx, group)
	a.check(err)
	time.Sleep(time.Second)
	talk := func() (q quality) {
		for range 20 {
			r := push(t, ch, 10, client.TalkOptions{}).well()
			q.sent += r.Sent
			q.access = append(q.access, r.Granted.Sub(r.Pressed))
			select {
			case h := <-heard:
				q.lost += r.Sent - h.Frames
			case <-time.After(5 * time.Second):
				q.lost += r.Sent
			}
		}
		slices.Sort(q.access)
		return q
	}
	before := talk()
	end := make(chan struct{})
	var wg sync.WaitGroup
	for _, id := range []*identity.Identity{a.identity("unit/stolen"), ca.identity("relay/r1")} {
		wg.Go(func() { flood(t, a, id, end) }) // ends with end
	}
	during := talk()
	close(end)
	wg.Wait()
	t.Logf("without a flood: %d of %d lost, floor %v half, %v worst; with: %d of %d lost, %v half, %v worst", before.lost, before.sent,
		before.access[10], before.access[19], during.lost, during.sent, during.access[10], during.access[19])
	if during.share() > before.share()+0.1 {
		t.Errorf("others lost %d of %d frames during the flood, %d of %d before", during.lost, during.sent, before.lost, before.sent)
	}
	if slower := during.access[10] - before.access[10]; slower > 200*time.Millisecond {
		t.Errorf("half of the presses waited %v more than without the flood", slower)
	}
}

// flood sends frames and voice at ten times what a link may, until end.
func flood(t *testing.T, a *realAgency, id *identity.Identity, end <-chan struct{}) {
	pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Error(err)
		return
	}
	trust, err := id.TrustStore(time.Now())
	if err != nil {
		t.Error(err)
		return
	}
	d, err := link.NewDialer(pc, link.Config{
		Self:        id.Name,
		Certificate: func() (*tls.Certificate, error) { c, err := id.TLSCertificate(); return &c, err },
		Verify: func(chain [][]byte, _ bool) (proto.Name, error) {
			return trust.VerifyPeer(chain, identity.UsageServer, time.Now())
		},
		Limits: link.Limits{StallTime: time.Hour},
	})
	if err != nil {
		t.Error(err)
		return
	}
	defer d.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, err := d.Dial(ctx, a.addr, link.RelayOf(a.auth.Bundle().Agency))
	if err != nil {
		t.Error(err)
		return
	}
	go drainFrames(c) // ends with the link
	pace := 10 * time.Millisecond
	frames := 5 // 500 a second
	if id.Name.Role == proto.RoleRelay {
		frames = 100 // 10,000 a second
	}
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		select {
		case <-end:
			return
		case <-c.Done():
			t.Errorf("the flooding link of %s ended: %v", id.Name, c.Err())
			return
		case <-tick.C:
		}
		for i := range frames {
			if c.Stats().ControlQueued < 128 {
				c.Send(unsubscribe(i))
			}
			c.SendVoice(77, make([]byte, 100))
		}
	}
}

func drainFrames(c *link.Conn) {
	for {
		if _, err := c.Receive(context.Background()); err != nil {
			return
		}
	}
}
