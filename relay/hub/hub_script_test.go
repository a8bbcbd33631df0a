package hub_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"crossband/relay/hub"
)

// TestScripts plays testdata/*.txt. A script opens with a comment on what it
// shows. Each block is a comment that gives the reason, commands, a line
// ---- and then the whole trace of effects. go test -update writes the traces
// anew; what changed is for a person to read.
//
// The commands:
//
//	hub us/relay                        start anew as this relay's hub
//	judge ALL trusting SOME             real authorities and certificates
//	charter NAME kind=… party=… …       write and sign a charter
//	agreement NAME parties=… channel=… party=… …   write and sign an agreement
//	distrust DOCUMENT                   one of its signers has been revoked
//	withdraw NAME of AGREEMENT by AGENCY at DURATION [WHY]
//	notice NAME by AGENCY to=AGENCY,… [kind=… begins=DURATION ends=DURATION replaces=NAME]
//	answer NAME of NOTICE by AGENCY [objects]
//	up LABEL [dialled], down LABEL      a link; newcomerN has no certificate
//	from LINK [as WHO] [id=N re=N hops=N]: KIND [CHANNEL] [ID] FIELD=VALUE…
//	                                    re=last answers the hub's newest request on the link
//	make NAME by WHO on CHANNEL create|join|rejoin|add|remove|recharter …
//	make NAME by WHO key-package [last-resort|expired|forged]
//	channel NAME WHO…                   register, create and join, at its hub, here or elsewhere
//	elsewhere CHANNEL NAME…             the hub of another agency takes these commits
//	tick D, wait D                      time with and without the hub's ticks
//	talk CHANNEL D                      time with ticks and the holder's voice
//	trusted LIST                        a trust list has been installed
//	restart now                         the hub ends; the next one loads what was written
//	lose log|channel CHANNEL            the newest of its log, or its own record, is unreadable
//	settings KEY=VALUE…                 room, standing, incident, waiting, held=CHANNEL
//	expired CHANNEL                     answer a sweep with everything written before now
//	revoke AGENCY WHO…                  its list takes back what WHO hold now
//	quiet COMMAND                       any of these without its trace
//	repeat N COMMAND                    with %d for the count
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d scripts, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			runScript(t, file, *update)
		})
	}
}

var update = flag.Bool("update", false, "write the traces of testdata anew")

func runScript(t *testing.T, file string, update bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), "# ") {
		t.Errorf("%s:1: a script opens with a comment on what it shows", file)
	}
	w := newWorld(t)
	s := script{w: w, file: file, lines: strings.Split(string(text), "\n")}
	for s.at < len(s.lines) {
		s.block()
	}
	if got := strings.TrimRight(strings.Join(s.got, "\n"), "\n") + "\n"; update && got != string(text) {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// script is one file being played.
type script struct {
	w     *world
	file  string
	lines []string
	at    int
	got   []string // the file with the traces of this run
}

// block plays the commands up to ---- and compares the trace up to the next
// empty line. Blocks without ---- are comments.
func (s *script) block() {
	w := s.w
	w.t.Helper()
	first, commented, commands := s.at, false, false
	w.lines = nil
	for ; s.at < len(s.lines); s.at++ {
		line := s.lines[s.at]
		s.got = append(s.got, line)
		switch {
		case line == "":
			if commands {
				w.t.Errorf("%s:%d: commands without ----", s.file, s.at)
			}
			s.at++
			return
		case strings.HasPrefix(line, "#"):
			commented = true
			continue
		case line == "----":
			if !commented {
				w.t.Errorf("%s:%d: a block without its reason", s.file, first+1)
			}
			s.at++
			s.compare()
			w.checkRestart(s.file, first)
			return
		}
		commands = true
		if err := s.command(line); err != nil {
			w.t.Fatalf("%s:%d: %q: %v", s.file, s.at+1, line, err)
		}
	}
}

func (s *script) compare() {
	w := s.w
	from := s.at
	for s.at < len(s.lines) && s.lines[s.at] != "" {
		s.at++
	}
	want := strings.Join(s.lines[from:s.at], "\n")
	if len(w.lines) == 0 {
		w.lines = []string{"(nothing)"}
	}
	got := strings.Join(w.lines, "\n")
	if got != want && !*update {
		w.t.Errorf("%s:%d: the trace is\n%s\nwant\n%s", s.file, from, got, want)
	}
	s.got = append(s.got, w.lines...)
	if s.at < len(s.lines) {
		s.got = append(s.got, "")
		s.at++
	}
}

func (s *script) command(line string) error {
	w := s.w
	word, rest, _ := strings.Cut(line, " ")
	words := strings.Fields(rest)
	if len(words) == 0 {
		return fmt.Errorf("nothing to do")
	}
	switch word {
	case "quiet":
		return w.quietly(func() error { return s.command(rest) })
	case "repeat":
		count, command, _ := strings.Cut(rest, " ")
		n, err := strconv.Atoi(count)
		for i := 1; i <= n && err == nil; i++ {
			err = s.command(strings.ReplaceAll(command, "%d", strconv.Itoa(i)))
		}
		return err
	case "hub":
		w.become(words[0])
		return nil
	case "judge":
		all, trusted, _ := strings.Cut(rest, " trusting ")
		return w.useRealJudge(strings.Fields(all), strings.Fields(trusted))
	case "charter":
		return w.charter(words)
	case "agreement":
		return w.agreement(words)
	case "withdraw":
		return w.withdraw(words)
	case "notice":
		return w.notice(words)
	case "answer":
		return w.answer(words)
	case "distrust":
		w.judge.(fakeJudge).revoked[string(w.made.documents[words[0]].signed)] = true
		return nil
	case "up":
		return w.up(rest)
	case "down":
		return w.down(rest)
	case "make":
		return w.make(words)
	case "restart":
		w.restart()
		return nil
	case "lose":
		return w.lose(words)
	case "settings":
		return w.settings(words)
	case "expired":
		return w.expired(words[0], words[1:])
	case "channel":
		if w.made.charters[words[0]].parsed.Owner != w.self.Agency {
			return w.channelElsewhere(words[0], words[1:])
		}
		return w.channel(words[0], words[1:])
	case "elsewhere":
		return w.elsewhere(words[0], words[1:])
	case "trusted":
		w.apply(hub.Trusted{Signed: []byte(rest)})
		return nil
	case "revoke":
		return w.revoke(words[0], words[1:])
	case "from":
		return w.from(rest)
	}
	return s.timeCommand(word, words)
}

func (s *script) timeCommand(word string, words []string) error {
	w, heard := s.w, ""
	if word == "talk" && len(words) == 2 {
		heard, words = words[0], words[1:]
	}
	d, err := time.ParseDuration(words[0])
	if err != nil {
		return err
	}
	switch word {
	case "wait":
		w.now = w.now.Add(d)
		return nil
	case "tick", "talk":
		return w.tick(d, heard)
	}
	return fmt.Errorf("no command %q", word)
}

// from sends a frame into the hub: LINK [as WHO] [id=N] [re=N] [hops=N]: FRAME.
func (w *world) from(s string) error {
	head, body, ok := strings.Cut(s, ": ")
	if !ok {
		return fmt.Errorf("from LINK: FRAME")
	}
	f, err := w.parseFrame(strings.Fields(body))
	if err != nil {
		return err
	}
	words := strings.Fields(head)
	link, err := w.link(words[0])
	if err != nil {
		return err
	}
	for i := 1; i < len(words); i++ {
		if words[i] == "as" && i+1 < len(words) {
			i++
			n, err := parseName(words[i])
			if f.Endpoint = n.String(); err != nil {
				f.Endpoint = words[i] // what is no name has to be refused too
			}
			continue
		}
		key, value, _ := strings.Cut(words[i], "=")
		if words[i] == "re=last" {
			f.Re = w.asked[link]
			continue
		}
		n, err := number32(value)
		if err != nil {
			return err
		}
		switch key {
		case "id":
			f.Id = uint64(n)
		case "re":
			f.Re = uint64(n)
		case "hops":
			f.Hops = n
		default:
			return fmt.Errorf("a frame has no %q", key)
		}
	}
	if w.sniff != nil {
		w.sniff(f)
	}
	w.apply(hub.FrameIn{Link: link, Frame: f})
	return nil
}

// channel registers a charter at its hub, lets the first of who create the
// group and the others join it, all without a trace.
func (w *world) channel(name string, who []string) error {
	return w.quietly(func() error {
		if err := w.from("self: put-charter " + name); err != nil {
			return err
		}
		for i, n := range who {
			what, kind := "join", "commit"
			if i == 0 {
				what, kind = "create", "create-channel"
			}
			c := fmt.Sprintf("%s-%d", name, i)
			if err := w.make([]string{c, "by", n, "on", name, what}); err != nil {
				return err
			}
			frame := fmt.Sprintf("%s %s group-info=%s", kind, name, c)
			if i > 0 {
				frame = fmt.Sprintf("%s %s %s", kind, name, c)
			}
			if err := w.sendFor(n, frame); err != nil {
				return err
			}
		}
		v := w.hub.View()
		for _, ch := range v {
			if w.made.charterOf[ch.ID] == name && ch.Epoch != uint64(len(who)-1) {
				return fmt.Errorf("channel %s is at epoch %d with %d members", name, ch.Epoch, len(who))
			}
		}
		return nil
	})
}

// channelElsewhere is channel for one of another agency: what its members made
// is known as CHANNEL-0, CHANNEL-1 and so on.
func (w *world) channelElsewhere(name string, who []string) error {
	for i, n := range who {
		c, what := fmt.Sprintf("%s-%d", name, i), "create"
		if i > 0 {
			what = "join"
		}
		if err := w.make([]string{c, "by", n, "on", name, what}); err != nil {
			return err
		}
		if i == 0 {
			continue
		}
		if err := w.elsewhere(name, []string{c}); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) elsewhere(channel string, commits []string) error {
	for _, name := range commits {
		c := w.made.commits[name]
		if c == nil || c.channel != channel {
			return fmt.Errorf("no commit %q on %s", name, channel)
		}
		if err := w.people.advance(w, channel, c); err != nil {
			return err
		}
	}
	return nil
}

// sendFor sends a frame for an endpoint: on its own link, or on that of its
// agency's relay.
func (w *world) sendFor(who, frame string) error {
	n, err := parseName(who)
	if err != nil {
		return err
	}
	if n.Agency == w.self.Agency {
		return w.from(who + ": " + frame)
	}
	for word, a := range agencies() {
		if a == n.Agency {
			return w.from(word + "/relay as " + who + ": " + frame)
		}
	}
	return fmt.Errorf("no relay for %s", who)
}
