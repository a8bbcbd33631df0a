package nettest

import (
	"bytes"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"crossband/client/voice"
)

// world is two agencies with their relays and registrars running, and devices
// enrolled over the network.
type world struct {
	t    *testing.T
	m    machines
	dir  string
	tool string

	toUS, toMX         *forwarder // from devices to their relay
	borderUS, borderMX *forwarder // from the other agency's relay
}

func newWorld(t *testing.T) *world {
	m := newMachines(t)
	w := &world{t: t, m: m, dir: t.TempDir()}
	w.tool = filepath.Join(w.dir, "crossband")
	if out, err := exec.Command("go", "build", "-o", w.tool, "crossband/cmd/crossband").CombinedOutput(); err != nil {
		t.Fatalf("build: %v: %s", err, out)
	}
	usRelay, mxRelay := m.us.own+":4433", m.mx.own+":4433"
	w.toUS, w.toMX = newForwarder(t, m.mid, ":4401", usRelay), newForwarder(t, m.mid, ":4402", mxRelay)
	w.borderUS, w.borderMX = newForwarder(t, m.mid, ":4501", usRelay), newForwarder(t, m.mid, ":4502", mxRelay)
	// The middle has one address on each wire: each side knows its relay by the
	// one that it reaches, so devices of both live in one place.
	const words = `to be read out: (.*)`
	w.run(m.field, "", "agency", "init", "--dir", "us", "--domain", "usbp.example", "--address", m.field.mid+":4401", "--listen", ":4433")
	w.run(m.field, "", "agency", "init", "--dir", "mx", "--domain", "gn.example", "--address", m.field.mid+":4402", "--listen", ":4433")
	us := find(t, w.run(m.field, "", "agency", "export", "--dir", "us", "--to", "us.bundle"), words)
	mx := find(t, w.run(m.field, "", "agency", "export", "--dir", "mx", "--to", "mx.bundle"), words)
	w.run(m.field, "", "agency", "trust", "--dir", "us", "--words", mx, "--peer", m.us.mid+":4502", "mx.bundle")
	w.run(m.field, "", "agency", "trust", "--dir", "mx", "--words", us, "--peer", m.mx.mid+":4501", "us.bundle")
	w.run(m.field, "", "agreement", "draft", "--party", "usbp.example", "--party", "gn.example", "--title", "Eagle Pass - Piedras Negras", "--to", "border.toml")
	for _, verb := range []string{"sign", "put"} {
		for _, dir := range []string{"us", "mx"} {
			w.run(m.field, "", "agreement", verb, "--dir", dir, "border.toml")
		}
	}
	for _, a := range []struct {
		dir string
		at  namespace
	}{{"us", m.us}, {"mx", m.mx}} {
		w.start(a.at, "relay", "run", "--config", a.dir+"/relay/relay.toml").saw("listening on")
		w.start(m.field, "agency", "serve", "--dir", a.dir).saw("linked") // from anywhere that reaches the relay
	}
	for _, d := range []struct{ agency, name, home string }{
		{"us", "desk/del-rio", "desk"}, {"us", "unit/del-rio-214", "unit"},
		{"mx", "desk/piedras-negras", "guard"}, {"mx", "unit/gn-7", "reader"},
	} {
		token := find(t, w.run(m.field, "", "agency", "invite", "--dir", d.agency, d.name), `(crossband-invite:\S+)`)
		w.run(m.field, token, "enroll", "--home", d.home, "--token", "-")
		w.run(m.field, "", "channel", "members", "--home", d.home) // joins the calling channel
	}
	return w
}

func find(t *testing.T, text, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("nothing like %q in %q", pattern, text)
	}
	return strings.TrimSpace(m[1])
}

func (w *world) command(ns namespace, args []string) *exec.Cmd {
	c := exec.Command("ip", append([]string{"netns", "exec", ns.name, w.tool}, args...)...)
	c.Dir = w.dir
	c.Env = append(os.Environ(), "XDG_CONFIG_HOME="+w.dir, "HOME="+w.dir)
	return c
}

// run runs a command to its end and returns what it wrote.
func (w *world) run(ns namespace, stdin string, args ...string) string {
	w.t.Helper()
	c := w.command(ns, args)
	c.Stdin = strings.NewReader(stdin)
	out, err := c.CombinedOutput()
	if err != nil {
		w.t.Fatalf("crossband %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// program is a command that runs on.
type program struct {
	t    *testing.T
	name string
	cmd  *exec.Cmd
	out  *output
	done chan struct{}
	err  error
}

// output keeps what a program writes.
type output struct {
	mu   sync.Mutex // held for the whole of every method
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// start starts a program, which is killed when the test ends.
func (w *world) start(ns namespace, args ...string) *program {
	w.t.Helper()
	p := &program{t: w.t, name: strings.Join(args, " "), cmd: w.command(ns, args), out: &output{}, done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	if err := p.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	go func() { // ends with the program
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	w.t.Cleanup(func() {
		p.cmd.Process.Kill() // ip netns exec becomes the program: there is no child
		<-p.done
	})
	return p
}

// saw waits until the program has written what is wanted.
func (p *program) saw(want string) {
	p.t.Helper()
	for by := time.Now().Add(20 * time.Second); !strings.Contains(p.out.String(), want); time.Sleep(50 * time.Millisecond) {
		select {
		case <-p.done:
			if !strings.Contains(p.out.String(), want) {
				p.t.Fatalf("%s ended with %v before it wrote %q:\n%s", p.name, p.err, want, p.out)
			}
		default:
		}
		if time.Now().After(by) {
			p.t.Fatalf("%s did not write %q:\n%s", p.name, want, p.out)
		}
	}
}

// finish waits for the program's end and returns what it wrote.
func (p *program) finish() string {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		p.t.Fatalf("%s does not end:\n%s", p.name, p.out)
	}
	if p.err != nil {
		p.t.Fatalf("%s: %v:\n%s", p.name, p.err, p.out)
	}
	return p.out.String()
}

// interrupt asks the program to end and returns what it wrote.
func (p *program) interrupt() string {
	p.t.Helper()
	p.cmd.Process.Signal(syscall.SIGINT)
	return p.finish()
}

// tone writes a WAV file of so many seconds.
func (w *world) tone(seconds int) string {
	w.t.Helper()
	pcm := make([]int16, seconds*voice.SampleRate)
	for i := range pcm {
		pcm[i] = int16(8000 * math.Sin(2*math.Pi*440*float64(i)/voice.SampleRate))
	}
	if err := os.WriteFile(filepath.Join(w.dir, "tone.wav"), voice.EncodeWAV(pcm), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return "tone.wav"
}
