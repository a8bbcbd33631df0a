package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"crossband/client/voice"
	"crossband/cmd/crossband/internal/clip"
	"crossband/cmd/crossband/internal/rig"
	"crossband/formats/webhook"
)

// TestMain makes the test binary the program when it is called by its name, so
// that what scripts start, which runs long, is built as the tests are: with the
// race detector. What ends at once is the program as it is delivered.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "crossband" {
		main()
		return
	}
	flag.Set("test.parallel", "5") // they wait, most of the time; -parallel still overrides it
	os.Exit(withProgram(m))
}

func withProgram(m *testing.M) int {
	dir, err := os.MkdirTemp("", "crossband-test-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err != nil {
		log.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(dir, "crossband")); err != nil {
		log.Fatal(err)
	}
	os.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
	built := filepath.Join(dir, "built")
	if err := os.Mkdir(built, 0o700); err != nil {
		log.Fatal(err)
	}
	builtOnce = sync.OnceValues(func() (string, error) { return build(built) })
	return m.Run()
}

// patient is how long a script waits for anything.
const patient = 30 * time.Second

// TestScripts runs the program as people do, one script for each subject. Every
// command of theirs is a process of its own, with real sockets.
func TestScripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 7 {
		t.Fatalf("%d scripts, %v", len(files), err)
	}
	cmds := builtins()
	for name, cmd := range map[string]scriptCommand{
		"freeport": freeport(new(rig.Ports)), "clip": writeClip, "tone": writeTone, "silence": writeSilence, "capture": capture, "mode": mode, "equal": equal, "replace": replace, "size": size, "unquote": unquote,
		"exits": exits, "eventually": eventually, "start": start, "saw": saw, "finish": finish, "stop": stop, "kill": kill, "need": need, "prepend": prepend, "interrupt": interrupt, "built": builtCommand, "post": post,
		"receiver": hookReceiver, "answer": hookAnswers,
	} {
		cmds[name] = cmd
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txtar"), func(t *testing.T) {
			t.Parallel()
			runScript(t, f, cmds)
		})
	}
}

func usage(s *script, bad bool, how string) {
	if bad {
		s.Fatalf("usage: %s", how)
	}
}

// freeport NAME... sets each variable to a free UDP address of this machine.
func freeport(ports *rig.Ports) scriptCommand {
	return func(s *script, neg bool, args []string) {
		usage(s, neg || len(args) == 0, "freeport NAME...")
		for _, name := range args {
			at, err := ports.Free()
			s.Check(err)
			s.Setenv(name, at.String())
		}
	}
}

// clip NAME FILE writes recorded speech.
func writeClip(s *script, neg bool, args []string) {
	usage(s, neg || len(args) != 2, "clip NAME FILE")
	c, err := clip.Get(args[0])
	s.Check(err)
	s.Check(os.WriteFile(s.MkAbs(args[1]), c.Ogg, 0o600))
}

// replace OLD NEW FILE changes what is in a file, everywhere.
func replace(s *script, neg bool, args []string) {
	usage(s, neg || len(args) != 3, "replace OLD NEW FILE")
	text, err := os.ReadFile(s.MkAbs(args[2]))
	s.Check(err)
	if !strings.Contains(string(text), args[0]) {
		s.Fatalf("%q is not in %s", args[0], args[2])
	}
	s.Check(os.WriteFile(s.MkAbs(args[2]), []byte(strings.ReplaceAll(string(text), args[0], args[1])), 0o600))
}

// writeSilence writes digital silence as a WAV file: silence SECONDS FILE.
func writeSilence(s *script, neg bool, args []string) {
	usage(s, neg || len(args) != 2, "silence SECONDS FILE")
	seconds, err := strconv.ParseFloat(args[0], 64)
	s.Check(err)
	s.Check(os.WriteFile(s.MkAbs(args[1]), voice.EncodeWAV(make([]int16, int(seconds*voice.SampleRate))), 0o600))
}

// tone SECONDS FILE writes a WAV file with a tone.
func writeTone(s *script, neg bool, args []string) {
	usage(s, neg || len(args) != 2, "tone SECONDS FILE")
	seconds, err := strconv.ParseFloat(args[0], 64)
	s.Check(err)
	pcm := make([]int16, int(seconds*voice.SampleRate))
	for i := range pcm {
		pcm[i] = int16(8000 * math.Sin(2*math.Pi*440*float64(i)/voice.SampleRate))
	}
	s.Check(os.WriteFile(s.MkAbs(args[1]), voice.EncodeWAV(pcm), 0o600))
}

// capture NAME FILE REGEXP sets a variable to what the group matches. FILE may
// be stdout or stderr.
func capture(s *script, neg bool, args []string) {
	usage(s, neg || len(args) != 3, "capture NAME FILE REGEXP")
	m := regexp.MustCompile("(?m)" + args[2]).FindStringSubmatch(s.ReadFile(args[1]))
	if len(m) != 2 {
		s.Fatalf("%s does not match %q: %s", args[1], args[2], s.ReadFile(args[1]))
	}
	s.Setenv(args[0], m[1])
}

// unquote NAME WORD sets the variable to what the Go string WORD stands for.
func unquote(s *script, neg bool, args []string) {
	usage(s, neg || len(args) != 2, "unquote NAME WORD")
	text, err := strconv.Unquote(args[1])
	s.Check(err)
	s.Setenv(args[0], text)
}

// size LEAST FILE checks that a file has so many octets at least.
func size(s *script, neg bool, args []string) {
	usage(s, neg || len(args) != 2, "size LEAST FILE")
	least, err := strconv.Atoi(args[0])
	s.Check(err)
	if n := len(s.ReadFile(args[1])); n < least {
		s.Fatalf("%s has %d octets, want %d at least", args[1], n, least)
	}
}

// equal A B compares two words.
func equal(s *script, neg bool, args []string) {
	usage(s, len(args) != 2, "[!] equal A B")
	if (args[0] == args[1]) == neg {
		s.Fatalf("%q and %q: equal is %t", args[0], args[1], neg)
	}
}

func (s *script) octal(text string) os.FileMode {
	n, err := strconv.ParseUint(text, 8, 32)
	s.Check(err)
	return os.FileMode(n)
}

// mode OCTAL PATTERN... checks the permissions of files.
func mode(s *script, neg bool, args []string) {
	usage(s, neg || len(args) < 2, "mode OCTAL PATTERN...")
	for _, f := range s.files(args[1:]) {
		info, err := os.Stat(f)
		s.Check(err)
		if got := info.Mode().Perm(); got != s.octal(args[0]) {
			s.Fatalf("%s has mode %04o, want %s", f, got, args[0])
		}
	}
}

// exits CODE COMMAND... runs a command that must end with the code.
func exits(s *script, neg bool, args []string) {
	usage(s, neg || len(args) < 2, "exits CODE COMMAND...")
	err := s.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	got := 0
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		s.Check(err)
	}
	if strconv.Itoa(got) != args[0] {
		s.Fatalf("exit code %d, want %s", got, args[0])
	}
}

// eventually COMMAND... runs a command until it exits with 0: for what becomes
// true a moment after something else has been started.
func eventually(s *script, neg bool, args []string) {
	usage(s, neg || len(args) < 1, "eventually COMMAND...")
	s.until(func() bool { return s.Exec(args[0], args[1:]...) == nil }, "it does not come true")
}

// process runs beside a script.
type process struct {
	name     string
	cmd      *exec.Cmd
	out, err lockedBuffer
	ended    chan struct{}
	finished bool
}

// lockedBuffer is written by a process and read by the script.
type lockedBuffer struct {
	mu sync.Mutex // held for the whole of every method
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start NAME COMMAND... runs a command beside the script, which must finish or
// stop it.
func start(s *script, neg bool, args []string) {
	usage(s, neg || len(args) < 2, "start NAME COMMAND...")
	p := &process{name: args[0], cmd: exec.Command(args[1], args[2:]...), ended: make(chan struct{})}
	p.cmd.Dir, p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = s.dir, s.environ(), &p.out, &p.err
	s.Check(p.cmd.Start())
	go func() { p.cmd.Wait(); close(p.ended) }() // ends with the process, which the script's end kills
	s.started = append(s.started, p)
}

// saw NAME REGEXP waits until what runs has written it.
func saw(s *script, neg bool, args []string) {
	usage(s, neg || len(args) != 2, "saw NAME REGEXP")
	p, want := s.named(args[0]), regexp.MustCompile("(?m)"+args[1])
	s.until(func() bool {
		over := false
		select {
		case <-p.ended:
			over = true
		default:
		}
		if want.MatchString(p.out.String() + p.err.String()) {
			return true
		}
		if over {
			s.Fatalf("%s ended (%v) and did not say %q", p.name, p.cmd.ProcessState, args[1])
		}
		return false
	}, p.name+" does not say it")
}

// finish NAME CODE waits until what was started ends by itself, with the code.
// What it said is then in NAME.out and NAME.err.
func finish(s *script, neg bool, args []string) {
	usage(s, neg || len(args) != 2, "finish NAME CODE")
	p := s.named(args[0])
	select {
	case <-p.ended:
	case <-time.After(patient):
		s.Fatalf("%s does not end", p.name)
	}
	p.finished = true
	s.Check(os.WriteFile(s.MkAbs(p.name+".out"), []byte(p.out.String()), 0o600))
	s.Check(os.WriteFile(s.MkAbs(p.name+".err"), []byte(p.err.String()), 0o600))
	if got := p.cmd.ProcessState.ExitCode(); strconv.Itoa(got) != args[1] {
		s.Fatalf("%s: exit code %d, want %s", p.name, got, args[1])
	}
}

// interrupt NAME does to what was started what Ctrl-C does.
func interrupt(s *script, neg bool, args []string) {
	usage(s, neg || len(args) != 1, "interrupt NAME")
	s.Check(s.named(args[0]).cmd.Process.Signal(os.Interrupt))
}

// stop NAME... interrupts what was started, as Ctrl-C does; it must end well.
func stop(s *script, neg bool, args []string) {
	usage(s, neg || len(args) == 0, "stop NAME...")
	for _, name := range args {
		s.Check(s.named(name).cmd.Process.Signal(os.Interrupt))
	}
	for _, name := range args {
		finish(s, false, []string{name, "0"})
	}
}

// kill NAME... ends what was started without giving it time for anything.
func kill(s *script, neg bool, args []string) {
	usage(s, neg || len(args) == 0, "kill NAME...")
	for _, name := range args {
		p := s.named(name)
		s.Check(p.cmd.Process.Kill())
		<-p.ended
		p.finished = true
	}
}

// need NAME skips the script unless the environment has the variable.
func need(s *script, neg bool, args []string) {
	usage(s, neg || len(args) != 1, "need NAME")
	v := os.Getenv(args[0])
	if v == "" {
		s.t.Skipf("%s is not set", args[0])
	}
	s.Setenv(args[0], v)
}

// prepend FILE TEXT writes a line at the beginning of a file.
func prepend(s *script, neg bool, args []string) {
	usage(s, neg || len(args) != 2, "prepend FILE TEXT")
	s.Check(os.WriteFile(s.MkAbs(args[0]), []byte(args[1]+"\n"+s.ReadFile(args[0])), 0o600))
}

// built NAME VARIABLE sets the variable to the path of one of our commands as it
// is delivered.
func builtCommand(s *script, neg bool, args []string) {
	usage(s, neg || len(args) != 2, "built NAME VARIABLE")
	s.Setenv(args[1], filepath.Join(delivered(s.t), args[0]))
}

// post STATUS URL SECRET-FILE CONTENT-TYPE FILE posts a file, signed as Standard
// Webhooks, under a delivery's identifier of its own. What is answered is stdout.
func post(s *script, neg bool, args []string) {
	usage(s, neg || len(args) != 5, "post STATUS URL SECRET-FILE CONTENT-TYPE FILE")
	secret, err := webhook.ParseSecret(s.ReadFile(args[2]))
	s.Check(err)
	body := s.ReadFile(args[4])
	h, err := webhook.Sign("msg_"+rand.Text(), time.Now(), []byte(body), secret)
	s.Check(err)
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, args[1], strings.NewReader(body))
	s.Check(err)
	r.Header.Set("Content-Type", args[3])
	r.Header.Set(webhook.HeaderID, h.ID)
	r.Header.Set(webhook.HeaderTimestamp, h.Timestamp)
	r.Header.Set(webhook.HeaderSignature, h.Signature)
	answer, err := http.DefaultClient.Do(r)
	s.Check(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	s.Check(err)
	if s.stdout = string(text); strconv.Itoa(answer.StatusCode) != args[0] {
		s.Fatalf("status %d, want %s: %s", answer.StatusCode, args[0], text)
	}
}

// builtOnce makes the folder that delivered returns; withProgram sets and
// removes it.
var builtOnce func() (string, error)

// delivered returns a folder with both commands, built as they are delivered:
// without the race detector, and without what only tests need.
func delivered(t testing.TB) string {
	t.Helper()
	dir, err := builtOnce()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func build(dir string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "go", "build", "-o", dir+string(filepath.Separator), "crossband/cmd/...").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the commands: %w\n%s", err, out)
	}
	return dir, nil
}

// command runs the program within the test.
func command(t testing.TB, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs lockedBuffer
	code = run(t.Context(), args, env{strings.NewReader(""), &out, &errs})
	return code, out.String(), errs.String()
}
