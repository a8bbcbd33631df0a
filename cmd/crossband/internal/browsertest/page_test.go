package browsertest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"crossband/proto"
)

// listening is run before the page's own scripts. Whatever the page plays goes by a meter
// too: loudest() is the highest level since it was asked last.
const listening = `(() => {
	const connect = AudioNode.prototype.connect, meters = [];
	let most = 0;
	AudioNode.prototype.connect = function (to, ...rest) {
		if (to instanceof AudioDestinationNode) {
			const meter = new AnalyserNode(this.context, { fftSize: 2048 });
			connect.call(this, meter);
			meters.push(meter);
			if (meters.length > 40) meters.shift();
		}
		return connect.call(this, to, ...rest);
	};
	setInterval(() => {
		for (const meter of meters) {
			const wave = new Float32Array(meter.fftSize);
			meter.getFloatTimeDomainData(wave);
			most = Math.max(most, Math.sqrt(wave.reduce((s, x) => s + x * x, 0) / wave.length));
		}
	}, 40);
	globalThis.loudest = () => { const was = most; most = 0; return was; };
	document.addEventListener("securitypolicyviolation", (e) => console.error("policy: " + e.violatedDirective + " " + e.blockedURI));
})()`

// dispatcher opens the page of the dispatcher's console, with its voice connected.
func (s *stage) dispatcher(t *testing.T) *page {
	t.Helper()
	p := s.browser.open(t, order{URL: s.console.url, Before: listening})
	p.ready()
	return p
}

// watcher opens the page of the dispatcher's console without a microphone: voice is for
// one page at a time, and tests side by side do not take it from each other.
func (s *stage) watcher(t *testing.T) *page {
	t.Helper()
	p := s.browser.open(t, order{URL: s.console.url, Before: listening, Allow: []string{}})
	p.see("[data-channel]")
	return p
}

// ready waits until the page is live, and its voice is there.
func (p *page) ready() {
	p.t.Helper()
	p.see("[data-channel]")
	p.see(`[data-voice="on"]`)
}

func strip(id proto.ChannelID) string { return fmt.Sprintf(`[data-channel="%s"]`, id) }
func ptt(id proto.ChannelID) string   { return fmt.Sprintf(`[data-ptt="%s"]`, id) }

// inState waits until the button of a channel shows a state.
func (p *page) inState(id proto.ChannelID, state string) {
	p.t.Helper()
	p.see(fmt.Sprintf(`%s[data-state="%s"]`, ptt(id), state))
}

func (p *page) tab(name string) { p.t.Helper(); p.click(fmt.Sprintf(`[data-tab="%s"]`, name)) }

func (p *page) loudest() (level float64) { p.t.Helper(); p.eval("loudest()", &level); return level }

// loud waits until something is heard in the page.
func (p *page) loud() { p.t.Helper(); p.until("loudest() > 0.01") }

// quiet waits until nothing is.
func (p *page) quiet() {
	p.t.Helper()
	for range 50 {
		p.loudest()
		time.Sleep(300 * time.Millisecond)
		if p.loudest() < 0.002 {
			return
		}
	}
	p.t.Fatal("the page does not fall silent")
}

// fetch has the page ask its server for something, and gives the status and the body.
func (p *page) fetch(path, method, kind, body string) (status int, got []byte) {
	p.t.Helper()
	arguments, err := json.Marshal([]string{path, method, kind, body})
	check(p.t, err)
	var answer struct {
		Status int
		Body   string
	}
	p.eval(fmt.Sprintf(`(async ([path, method, kind, body]) => {
		const a = await fetch(path, method === "GET" ? {} : { method, headers: { "content-type": kind }, body });
		const octets = new Uint8Array(await a.arrayBuffer());
		let text = "";
		for (const o of octets) text += String.fromCharCode(o);
		return { Status: a.status, Body: btoa(text) };
	})(%s)`, arguments), &answer)
	got, err = base64.StdEncoding.DecodeString(answer.Body)
	check(p.t, err)
	return answer.Status, got
}

// picture keeps a picture of the page, for docs/pictures too if that is asked for.
func (p *page) picture(name string) {
	p.t.Helper()
	p.shot(name)
	if !*pictures {
		return
	}
	made, err := os.ReadFile(filepath.Join(artefacts(p.t), name+".png"))
	check(p.t, err)
	const most = 300_000
	if len(made) > most {
		p.t.Errorf("%s has %d octets, of %d", name, len(made), most)
	}
	dir := filepath.Join("..", "..", "..", "..", "docs", "pictures")
	check(p.t, os.MkdirAll(dir, 0o755))
	check(p.t, os.WriteFile(filepath.Join(dir, name+".png"), made, 0o644))
}
