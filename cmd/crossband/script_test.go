package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// script is one file of testdata under way: lines of commands, then files to
// begin with. The language is the part of testscript's that is needed here
// (single quotes, $VARIABLES, "!" before what must fail, "#" comments, txtar
// files); main_test.go has what is added to it.
type script struct {
	t              *testing.T
	dir            string
	env            map[string]string
	stdin          []byte
	stdout, stderr string // of the last command
	started        []*process
	answers        map[string]*atomic.Int32 // what receivers of hooks answer
	phase          string                   // the last comment
	line           string
}

type scriptCommand func(s *script, neg bool, args []string)

func builtins() map[string]scriptCommand {
	return map[string]scriptCommand{
		"exec": cmdExec, "stdin": cmdStdin, "stdout": cmdStdout, "stderr": cmdStderr, "grep": cmdGrep,
		"exists": cmdExists, "cmp": cmdCmp, "cp": cmdCopy, "chmod": cmdChmod, "rm": cmdRemove,
	}
}

func runScript(t *testing.T, file string, cmds map[string]scriptCommand) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := &script{t: t, dir: t.TempDir(), env: make(map[string]string)}
	s.env["WORK"], s.env["XDG_CONFIG_HOME"] = s.dir, filepath.Join(s.dir, "config")
	defer s.end()
	s.run(s.unpack(string(text)), cmds)
}

// run runs lines; "include NAME" runs those of testdata/NAME.inc.
func (s *script) run(lines []string, cmds map[string]scriptCommand) {
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") {
			s.phase = line
		}
		s.line = line
		words := s.words(line)
		neg := len(words) > 0 && words[0] == "!"
		if neg {
			words = words[1:]
		}
		if len(words) == 0 {
			continue
		}
		if words[0] == "include" {
			text, err := os.ReadFile(filepath.Join("testdata", words[1]+".inc"))
			s.Check(err)
			s.run(strings.Split(string(text), "\n"), cmds)
			continue
		}
		cmd := cmds[words[0]]
		if cmd == nil {
			s.Fatalf("unknown command %s", words[0])
		}
		cmd(s, neg, words[1:])
	}
}

// unpack writes the files that follow the commands, and returns the commands.
func (s *script) unpack(text string) (lines []string) {
	marker := regexp.MustCompile(`(?m)^-- (\S+) --\n`)
	at := marker.FindAllStringSubmatchIndex(text, -1)
	for i, m := range at {
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		file := s.MkAbs(text[m[2]:m[3]])
		s.Check(os.MkdirAll(filepath.Dir(file), 0o700))
		s.Check(os.WriteFile(file, []byte(text[m[1]:end]), 0o600))
	}
	if len(at) > 0 {
		text = text[:at[0][0]]
	}
	return strings.Split(text, "\n")
}

// words splits a line; what is in single quotes is taken as it is.
func (s *script) words(line string) (words []string) {
	var word strings.Builder
	open, quoted := false, false
	flush := func(raw bool, part string) {
		if !raw {
			part = os.Expand(part, func(name string) string {
				v, ok := s.env[name]
				if !ok && name != "" {
					s.Fatalf("no variable %s", name)
				}
				return v
			})
		}
		word.WriteString(part)
	}
	start := 0
	for i := 0; i <= len(line); i++ {
		switch {
		case i < len(line) && line[i] == '\'':
			flush(quoted, line[start:i])
			if quoted && i+1 < len(line) && line[i+1] == '\'' {
				word.WriteByte('\'')
				i++
			} else {
				quoted = !quoted
			}
			open, start = true, i+1
		case quoted && i == len(line):
			s.Fatalf("a quote is not closed")
		case quoted:
		case i == len(line) || line[i] == ' ' || line[i] == '\t' || line[i] == '#' && !open:
			flush(false, line[start:i])
			if open {
				words = append(words, word.String())
			}
			word.Reset()
			open, start = false, i+1
			if i < len(line) && line[i] == '#' {
				return words
			}
		default:
			open = true
		}
	}
	return words
}

func (s *script) MkAbs(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(s.dir, path)
}

func (s *script) Fatalf(format string, args ...any) {
	s.t.Helper()
	s.t.Logf("%s\n> %s\n[stdout]\n%s[stderr]\n%s", s.phase, s.line, s.stdout, s.stderr)
	s.t.Fatalf(format, args...)
}

func (s *script) Check(err error) {
	s.t.Helper()
	if err != nil {
		s.Fatalf("%v", err)
	}
}

func (s *script) Setenv(name, value string) { s.env[name] = value }

// ReadFile reads a file, or what the last command wrote to stdout or stderr.
func (s *script) ReadFile(name string) string {
	switch name {
	case "stdout":
		return s.stdout
	case "stderr":
		return s.stderr
	}
	var all []byte
	for _, f := range s.files([]string{name}) {
		b, err := os.ReadFile(f)
		s.Check(err)
		all = append(all, b...)
	}
	return string(all)
}

func (s *script) environ() []string {
	return append(os.Environ(), "XDG_CONFIG_HOME="+s.env["XDG_CONFIG_HOME"], "HOME=/no-home")
}

// Exec runs a command to its end, which comes in time or is made.
func (s *script) Exec(name string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patient)
	defer cancel()
	if name == "crossband" {
		name = filepath.Join(delivered(s.t), name)
	}
	c := exec.CommandContext(ctx, name, args...)
	var out, errs bytes.Buffer
	c.Dir, c.Env, c.Stdin, c.Stdout, c.Stderr = s.dir, s.environ(), bytes.NewReader(s.stdin), &out, &errs
	err := c.Run()
	s.stdin, s.stdout, s.stderr = nil, out.String(), errs.String()
	if ctx.Err() != nil {
		s.Fatalf("%s does not end", name)
	}
	return err
}

// end ends what is still running, which no script may leave behind.
func (s *script) end() {
	for _, p := range s.started {
		if s.t.Failed() {
			p.cmd.Process.Signal(syscall.SIGQUIT) // it says where it stands
			select {
			case <-p.ended:
			case <-time.After(5 * time.Second):
			}
		}
		p.cmd.Process.Kill()
		<-p.ended
		if !p.finished && !s.t.Failed() {
			s.t.Errorf("%s was neither finished nor stopped", p.name)
		}
		if s.t.Failed() {
			s.t.Logf("[%s]\n%s%s", p.name, p.out.String(), p.err.String())
		}
	}
}

func cmdExec(s *script, neg bool, args []string) {
	err := s.Exec(args[0], args[1:]...)
	var exit *exec.ExitError
	if (err != nil) != neg || err != nil && !errors.As(err, &exit) {
		s.Fatalf("%v", cmp.Or(err, errors.New("succeeds, and should not")))
	}
}

func cmdStdin(s *script, _ bool, args []string) { s.stdin = []byte(s.ReadFile(args[0])) }

func cmdStdout(s *script, neg bool, args []string) { s.match(neg, "stdout", args[0]) }

func cmdStderr(s *script, neg bool, args []string) { s.match(neg, "stderr", args[0]) }

func cmdGrep(s *script, neg bool, args []string) { s.match(neg, args[1], args[0]) }

func (s *script) match(neg bool, file, pattern string) {
	text := s.ReadFile(file)
	if regexp.MustCompile("(?m)"+pattern).MatchString(text) == neg {
		not := ""
		if neg {
			not = " not"
		}
		s.Fatalf("%s should%s match %s:\n%s", file, not, pattern, text)
	}
}

func cmdExists(s *script, neg bool, args []string) {
	for _, a := range args {
		if _, err := os.Stat(s.MkAbs(a)); (err == nil) == neg {
			s.Fatalf("%s: exists is %t", a, !neg)
		}
	}
}

func cmdCmp(s *script, neg bool, args []string) {
	if (s.ReadFile(args[0]) == s.ReadFile(args[1])) == neg {
		s.Fatalf("equal is %t", neg)
	}
}

// cmdCopy copies a file or a folder, modes and all.
func cmdCopy(s *script, _ bool, args []string) {
	from, to := s.MkAbs(args[0]), s.MkAbs(args[1])
	s.Check(filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if d.IsDir() {
			return os.MkdirAll(target, info.Mode())
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, b, info.Mode())
	}))
}

func cmdRemove(s *script, _ bool, args []string) {
	for _, a := range args {
		s.Check(os.RemoveAll(s.MkAbs(a)))
	}
}

func cmdChmod(s *script, _ bool, args []string) {
	for _, f := range s.files(args[1:]) {
		s.Check(os.Chmod(f, s.octal(args[0])))
	}
}

// files returns what patterns match: each one file at least.
func (s *script) files(patterns []string) (list []string) {
	for _, p := range patterns {
		found, err := filepath.Glob(s.MkAbs(p))
		s.Check(err)
		if len(found) == 0 {
			s.Fatalf("no file %s", p)
		}
		list = append(list, found...)
	}
	return list
}

// named returns what was started last under a name.
func (s *script) named(name string) *process {
	for _, p := range slices.Backward(s.started) {
		if p.name == name {
			return p
		}
	}
	s.Fatalf("nothing was started as %s", name)
	return nil
}

// until polls until done, which may fail the script itself.
func (s *script) until(done func() bool, what string) {
	for late := time.Now().Add(patient); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(late) {
			s.Fatalf("%s", what)
		}
	}
}
