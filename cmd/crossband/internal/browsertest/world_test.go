package browsertest

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/client/voice"
	"crossband/cmd/crossband/internal/clip"
	"crossband/cmd/crossband/internal/endpointdir"
	"crossband/cmd/crossband/internal/rig"
	"crossband/crypto/agreement"
	"crossband/proto"
)

var pictures = flag.Bool("pictures", false, "write docs/pictures anew")

// The agencies, and who is there. The dispatcher's console and the observer's are
// processes of the delivered program; all others are devices in this process.
const (
	us proto.Agency = "usbp.example"
	mx proto.Agency = "gn.example"
	ca proto.Agency = "rcmp.example"
)

const patrolTitle = "River patrol"

// stage is what all tests share: it takes some seconds to build. Tests in which somebody
// speaks, the wire is cut or the language changes run one after the other; the rest side
// by side after them.
type stage struct {
	dir      string
	program  string // crossband, as it is delivered
	ports    rig.Ports
	agencies []*rig.Agency
	browser  *chromium
	cancel   context.CancelFunc
	wg       sync.WaitGroup // registrars and taps
	relays   []*rig.Process
	devices  []*rig.Device

	console *consoleProcess // of desk/del-rio
	wire    *rig.Tap        // between that console and its relay

	unit, partner *rig.Device // US
	there, guard  *rig.Device // MX: a unit and a desk
	calling       proto.ChannelID
	patrol        proto.ChannelID // the standing channel
}

// built is the stage, once a test has asked for it.
var built = sync.OnceValues(func() (*stage, error) {
	s := &stage{}
	if err := s.build(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
})

var asked bool // for the stage

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if asked {
		if s, err := built(); err == nil {
			if err := s.close(); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
	}
	os.Exit(code)
}

// onStage returns what the tests share, or skips the test.
func onStage(t *testing.T) *stage {
	t.Helper()
	if testing.Short() {
		t.Skip("starts relays and a browser")
	}
	if lacks := needs(); lacks != "" {
		t.Skip(lacks)
	}
	asked = true
	s, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// patient ends what does not come.
func patient(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func (s *stage) build() (err error) {
	if s.dir, err = os.MkdirTemp("", "crossband-browser-"); err != nil {
		return err
	}
	s.program = filepath.Join(s.dir, "crossband")
	if out, err := exec.Command("go", "build", "-o", s.program, "crossband/cmd/crossband").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	if err := s.found(ctx); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := s.people(limited); err != nil {
		return err
	}
	if err := s.desk(ctx); err != nil {
		return err
	}
	microphone := filepath.Join(s.dir, "microphone.wav")
	pcm, err := spoken(clip.AnswerFrench)
	if err != nil {
		return err
	}
	if err := os.WriteFile(microphone, voice.EncodeWAV(pcm), 0o600); err != nil {
		return err
	}
	s.browser, err = startBrowser(microphone)
	return err
}

// found founds three agencies that trust each other and have signed an agreement, and
// starts their relays.
func (s *stage) found(ctx context.Context) error {
	now := time.Now()
	for _, name := range []proto.Agency{us, mx, ca} {
		at, err := s.ports.Free()
		if err != nil {
			return err
		}
		a, err := rig.Found(filepath.Join(s.dir, string(name)), name, at, at, now)
		if err != nil {
			return err
		}
		s.agencies = append(s.agencies, a)
	}
	for _, p := range [][2]int{{0, 1}, {0, 2}} {
		a, b := s.agencies[p[0]], s.agencies[p[1]]
		if err := errors.Join(a.Trust(b, b.Listen.String()), b.Trust(a, a.Listen.String())); err != nil {
			return err
		}
	}
	if err := errors.Join(s.agencies[1].Trust(s.agencies[2], ""), s.agencies[2].Trust(s.agencies[1], "")); err != nil {
		return err
	}
	var err error
	s.calling, err = rig.Agree(agreement.Terms{
		Title: "Eagle Pass - Piedras Negras", Parties: []proto.Agency{us, mx}, Observers: []proto.Agency{ca},
		Begins: now.Add(-time.Hour), Ends: now.Add(24 * time.Hour), Talk: []string{patrolTitle},
		Ladder: []proto.LadderStep{{After: 10 * time.Minute, Page: []proto.Name{name(mx, "desk/piedras-negras")}}},
	}, now, s.agencies...)
	if err != nil {
		return err
	}
	for _, a := range s.agencies {
		p, err := a.StartRelay([]string{s.program, "relay", "run", "--config", a.Dir.RelayConfig()})
		if err != nil {
			return err
		}
		s.relays = append(s.relays, p)
		s.wg.Go(func() { a.ServeRegistrar(ctx, a.Listen) }) // ends with ctx
	}
	return nil
}

// people enrols everybody and brings them to their channels.
func (s *stage) people(ctx context.Context) error {
	for _, d := range []struct {
		to   **rig.Device
		name proto.Name
	}{
		{&s.unit, name(us, "unit/del-rio-214")}, {&s.partner, name(us, "unit/del-rio-219")},
		{&s.there, name(mx, "unit/acuna-7")}, {&s.guard, name(mx, "desk/piedras-negras")},
	} {
		var err error
		if *d.to, err = s.enter(ctx, d.name); err != nil {
			return err
		}
		if err := s.join(ctx, *d.to); err != nil {
			return err
		}
	}
	return nil
}

// enter enrols a device and opens it.
func (s *stage) enter(ctx context.Context, n proto.Name) (*rig.Device, error) {
	home, err := s.enrol(ctx, n)
	if err != nil {
		return nil, err
	}
	d, err := rig.Open(ctx, home, "browsertest")
	if d != nil {
		s.devices = append(s.devices, d)
	}
	return d, err
}

func (s *stage) enrol(ctx context.Context, n proto.Name) (home string, err error) {
	home = rig.Home(s.dir, n.Agency, n.Short())
	for _, a := range s.agencies {
		if a.Name == n.Agency {
			err = a.Enrol(ctx, n.Short(), home)
		}
	}
	return home, err
}

// join brings a device to the calling and the standing channel, once they are on offer.
func (s *stage) join(ctx context.Context, d *rig.Device) error {
	for _, kind := range []proto.CharterKind{proto.KindCalling, proto.KindStanding} {
		offer, _, err := rig.Await(ctx, d, func(e client.Offered) bool { return e.Charter.Kind == kind && (e.Created || d == s.unit) })
		if err != nil {
			return err
		}
		if kind == proto.KindStanding {
			s.patrol = offer.Channel
		}
		if _, err := d.Session.Join(ctx, offer.Channel); err != nil {
			return fmt.Errorf("%s joins: %w", d.Short(), err)
		}
	}
	return nil
}

// desk enrols the dispatcher's device, brings it to its channels, puts a wire that can be
// cut between it and its relay, and starts its console.
func (s *stage) desk(ctx context.Context) error {
	n := name(us, "desk/del-rio")
	d, err := s.enter(ctx, n)
	if err != nil {
		return err
	}
	if err := errors.Join(s.join(ctx, d), d.Close()); err != nil {
		return err
	}
	if s.wire, err = rig.NewTap(s.agencies[0].Listen, false); err != nil {
		return err
	}
	s.wg.Go(func() { s.wire.Run(ctx) }) // ends with ctx
	home := rig.Home(s.dir, us, n.Short())
	if err := endpointdir.At(home).SetRelay(s.wire.Addr().String()); err != nil {
		return err
	}
	s.console, err = s.startConsole(home)
	return err
}

// consoleProcess is a console as it is delivered.
type consoleProcess struct {
	cmd *exec.Cmd
	url string       // with the secret
	end func() error // interrupts it, as Ctrl-C does, and waits for it; once
}

func (s *stage) startConsole(home string, more ...string) (*consoleProcess, error) {
	return s.startProgram(append([]string{"console", "--home", home}, more...)...)
}

// startProgram starts a command that serves a page.
func (s *stage) startProgram(args ...string) (*consoleProcess, error) {
	c := &consoleProcess{cmd: exec.Command(s.program, args...)}
	c.cmd.Stderr = os.Stderr
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	c.end = sync.OnceValue(func() error {
		c.cmd.Process.Signal(os.Interrupt)
		return c.cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, errors.Join(err, c.end())
	}
	c.url = strings.TrimSpace(line)
	return c, nil
}

// host is HOST:PORT of the page.
func (c *consoleProcess) host() string {
	h, _, _ := strings.Cut(strings.TrimPrefix(c.url, "http://"), "/")
	return h
}

func (s *stage) close() error {
	var err error
	if s.browser != nil {
		err = errors.Join(err, s.browser.close())
	}
	if s.console != nil {
		err = errors.Join(err, s.console.end())
	}
	for _, d := range s.devices {
		err = errors.Join(err, d.Close())
	}
	for _, p := range s.relays {
		p.End(5 * time.Second)
	}
	if s.cancel != nil {
		s.cancel()
	}
	s.wg.Wait()
	return errors.Join(err, os.RemoveAll(s.dir))
}

func name(a proto.Agency, short string) proto.Name {
	n, err := proto.ParseName("spiffe://" + string(a) + "/" + short)
	if err != nil {
		panic(err)
	}
	return n
}

// spoken is a clip as sound.
func spoken(name string) ([]int16, error) {
	c, err := clip.Get(name)
	if err != nil {
		return nil, err
	}
	f, err := voice.ParseOggOpus(c.Ogg)
	if err != nil {
		return nil, err
	}
	d, err := voice.NewDecoder(voice.CodecOpus)
	if err != nil {
		return nil, err
	}
	var pcm []int16
	for _, p := range f.Packets {
		frame, err := d.Decode(p)
		if err != nil {
			return nil, err
		}
		pcm = append(pcm, frame...)
	}
	return pcm, nil
}

// content is something of the phrasebook.
func content(t *testing.T, slug string, slots ...string) phrase.Content {
	t.Helper()
	code, ok := phrase.Lookup(slug)
	if !ok {
		t.Fatalf("no phrase %q", slug)
	}
	parsed, err := phrase.ParseSlots(code, slots)
	check(t, err)
	c, err := phrase.Compose(code, parsed...)
	check(t, err)
	return c
}

// artefacts is the folder in which pictures of the tests are kept.
func artefacts(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("CROSSBAND_ARTEFACTS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", ".ci", "artefacts")
	}
	dir, err := filepath.Abs(dir)
	check(t, err)
	check(t, os.MkdirAll(dir, 0o755))
	return dir
}

// free is a port of this machine.
func free(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}
