package browsertest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// chromium is a browser that driver.mjs holds.
type chromium struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	ended chan struct{}

	opened atomic.Int32 // pages so far

	mu   sync.Mutex // guards what follows
	last int
	wait map[int]chan answer
}

// order is what driver.mjs is told; each takes what it needs.
type order struct {
	ID       int      `json:"id"`
	Do       string   `json:"do"`
	Page     string   `json:"page,omitempty"`
	URL      string   `json:"url,omitempty"`
	Selector string   `json:"selector,omitempty"` // as Playwright writes them
	Value    string   `json:"value,omitempty"`
	Name     string   `json:"name,omitempty"`
	Key      string   `json:"key,omitempty"`
	Script   string   `json:"script,omitempty"`
	Before   string   `json:"before,omitempty"` // open: a script that runs before the page's own
	Path     string   `json:"path,omitempty"`
	Locale   string   `json:"locale,omitempty"`
	Args     []string `json:"args,omitempty"`
	Allow    []string `json:"allow,omitempty"`
	Program  string   `json:"executable,omitempty"`
	Width    int      `json:"width,omitempty"`
	Height   int      `json:"height,omitempty"`
	Millis   int64    `json:"ms,omitempty"`
	Dark     bool     `json:"dark,omitempty"`
	Contrast bool     `json:"contrast,omitempty"`
	Full     bool     `json:"full,omitempty"`
	Touch    bool     `json:"touch,omitempty"`
}

type answer struct {
	ID    int             `json:"id"`
	Value json.RawMessage `json:"value"`
	Error string          `json:"error"`
}

// needs says what this machine lacks for a browser; empty: nothing.
func needs() string {
	for _, program := range []string{"node", "go"} {
		if _, err := exec.LookPath(program); err != nil {
			return "no " + program + " on this machine"
		}
	}
	if chromiumPath() == "" {
		return "no Chromium on this machine: install chromium, or name one in CROSSBAND_CHROMIUM"
	}
	if _, err := os.Stat(filepath.Join("node_modules", "playwright-core")); err != nil {
		return "no packages of node: npm ci --ignore-scripts in cmd/crossband/internal/browsertest"
	}
	return ""
}

func chromiumPath() string {
	if path := os.Getenv("CROSSBAND_CHROMIUM"); path != "" {
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// startBrowser starts Chromium with a microphone that says what a WAV file holds, over
// and over, and with loudspeakers that are silent.
func startBrowser(microphone string) (*chromium, error) {
	c := &chromium{cmd: exec.Command("node", "driver.mjs"), wait: make(map[int]chan answer), ended: make(chan struct{})}
	c.cmd.Stderr = os.Stderr
	var err error
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go c.read(out) // ends with the process
	_, err = c.ask(order{Do: "launch", Program: chromiumPath(), Args: []string{
		"--no-sandbox", // in a container, as root
		"--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
		"--use-file-for-fake-audio-capture=" + microphone,
		"--autoplay-policy=no-user-gesture-required", "--mute-audio",
		"--disable-gpu", "--disable-dev-shm-usage",
	}})
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

func (c *chromium) read(out io.Reader) {
	r := bufio.NewScanner(out)
	r.Buffer(nil, 16<<20)
	for r.Scan() {
		var a answer
		if err := json.Unmarshal(r.Bytes(), &a); err != nil {
			fmt.Fprintf(os.Stderr, "driver.mjs says %q\n", r.Text())
			continue
		}
		c.mu.Lock()
		w := c.wait[a.ID]
		delete(c.wait, a.ID)
		c.mu.Unlock()
		if w != nil {
			w <- a
		}
	}
	close(c.ended)
}

// ask gives an order and waits for what comes of it.
func (c *chromium) ask(o order) (json.RawMessage, error) {
	w := make(chan answer, 1)
	c.mu.Lock()
	c.last++
	o.ID = c.last
	c.wait[o.ID] = w
	b, err := json.Marshal(o)
	if err == nil {
		_, err = c.stdin.Write(append(b, '\n'))
	}
	c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case a := <-w:
		if a.Error != "" {
			return nil, fmt.Errorf("%s %s%s: %s", o.Do, o.Selector, o.Script, a.Error)
		}
		return a.Value, nil
	case <-c.ended:
		return nil, errors.New("the driver of the browser has ended")
	case <-time.After(time.Minute):
		return nil, fmt.Errorf("%s %s: no answer in a minute", o.Do, o.Selector)
	}
}

func (c *chromium) close() error {
	c.stdin.Close()
	<-c.ended
	return c.cmd.Wait()
}

// page is one page of the browser, in a context of its own. Every method ends the test
// when what it is to do cannot be done.
type page struct {
	t        *testing.T
	c        *chromium
	name     string
	expected string // an error that contains it is what the test brings about
}

// open opens a page that may use the microphone. It closes with the test, which fails if
// the page met an error that was not expected, or its Content-Security-Policy refused
// something.
func (c *chromium) open(t *testing.T, o order) *page {
	t.Helper()
	p := &page{t: t, c: c, name: fmt.Sprintf("%s-%d", strings.ReplaceAll(t.Name(), "/", "-"), c.opened.Add(1))}
	o.Do, o.Page = "open", p.name
	if o.Allow == nil {
		o.Allow = []string{"microphone"}
	}
	if _, err := c.ask(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			p.c.ask(order{Do: "shot", Page: p.name, Path: filepath.Join(artefacts(t), "failed-"+p.name+".png")})
		}
		if faults := p.faults(); len(faults) > 0 {
			t.Errorf("the page met errors: %s", strings.Join(faults, "\n"))
		}
		c.ask(order{Do: "close", Page: p.name})
	})
	return p
}

func (p *page) try(o order) (json.RawMessage, error) {
	o.Page = p.name
	return p.c.ask(o)
}

func (p *page) do(o order) json.RawMessage {
	p.t.Helper()
	v, err := p.try(o)
	if err != nil {
		if body, e := p.try(order{Do: "text", Selector: "body"}); e == nil {
			p.t.Logf("the page shows: %s", body)
		}
		p.t.Fatal(err)
	}
	return v
}

// see waits until something is on the page.
func (p *page) see(selector string) { p.t.Helper(); p.do(order{Do: "see", Selector: selector}) }

// gone waits until nothing of the kind is on the page.
func (p *page) gone(selector string) { p.t.Helper(); p.do(order{Do: "gone", Selector: selector}) }

func (p *page) click(selector string) { p.t.Helper(); p.do(order{Do: "click", Selector: selector}) }
func (p *page) press(key string)      { p.t.Helper(); p.do(order{Do: "press", Key: key}) }
func (p *page) down(key string)       { p.t.Helper(); p.do(order{Do: "down", Key: key}) }
func (p *page) up(key string)         { p.t.Helper(); p.do(order{Do: "up", Key: key}) }
func (p *page) hold(selector string)  { p.t.Helper(); p.do(order{Do: "hold", Selector: selector}) }
func (p *page) letGo()                { p.t.Helper(); p.do(order{Do: "letgo"}) }

func (p *page) text(selector string) string {
	p.t.Helper()
	return text(p.do(order{Do: "text", Selector: selector}))
}

func (p *page) count(selector string) (n int) {
	p.t.Helper()
	json.Unmarshal(p.do(order{Do: "count", Selector: selector}), &n)
	return n
}

// eval runs a script in the page, past its Content-Security-Policy, and reads what comes
// of it into v.
func (p *page) eval(script string, v any) {
	p.t.Helper()
	if err := json.Unmarshal(p.do(order{Do: "eval", Script: script}), v); err != nil {
		p.t.Fatal(err)
	}
}

// until waits until a script's value is true.
func (p *page) until(script string) { p.t.Helper(); p.do(order{Do: "until", Script: script}) }

// faults returns the errors that the page has met since it was asked last.
func (p *page) faults() (list []string) {
	v, err := p.try(order{Do: "faults"})
	if err != nil {
		return []string{err.Error()}
	}
	json.Unmarshal(v, &list)
	return slices.DeleteFunc(list, func(fault string) bool { return p.expected != "" && strings.Contains(fault, p.expected) })
}

// shot keeps a picture of the page.
func (p *page) shot(name string) {
	p.t.Helper()
	p.do(order{Do: "shot", Path: filepath.Join(artefacts(p.t), name+".png")})
}

// accessible fails the test if axe-core finds anything serious, or critical.
func (p *page) accessible(state string) {
	p.t.Helper()
	var r struct {
		Checked int
		Found   []struct {
			Rule, Impact, Help string
			Where              []string
		}
	}
	if err := json.Unmarshal(p.do(order{Do: "axe"}), &r); err != nil {
		p.t.Fatal(err)
	}
	if r.Checked < 10 {
		p.t.Errorf("%s: axe has checked %d things: it looks at nothing", state, r.Checked)
	}
	for _, f := range r.Found {
		say := p.t.Logf
		if f.Impact == "serious" || f.Impact == "critical" {
			say = p.t.Errorf
		}
		say("%s: %s, %s: %s\n  %s", state, f.Rule, f.Impact, f.Help, strings.Join(f.Where, "\n  "))
	}
}

func text(v json.RawMessage) (s string) {
	json.Unmarshal(v, &s)
	return s
}
