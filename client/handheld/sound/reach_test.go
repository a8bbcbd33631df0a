package sound

import (
	"errors"
	"io"
	"net"
	"path/filepath"
	"testing"
)

func TestServerAddress(t *testing.T) {
	for s, want := range map[string]string{
		"/run/user/1/pulse/native": "unix /run/user/1/pulse/native",
		"unix:/tmp/s":              "unix /tmp/s",
		"tcp:localhost":            "tcp localhost:4713",
		"tcp:127.0.0.1:99":         "tcp 127.0.0.1:99",
		"tcp4:127.0.0.1":           "tcp4 127.0.0.1:4713",
		"tcp6:[::1]":               "tcp6 [::1]:4713",
	} {
		if network, at, err := serverAddress(s); err != nil || network+" "+at != want {
			t.Errorf("%s: %s %s, %v", s, network, at, err)
		}
	}
	for _, s := range []string{"tcp:sound.example", "tcp:192.0.2.1:4713", "tcp6:[2001:db8::1]", "tcp:"} {
		if _, _, err := serverAddress(s); !errors.Is(err, errElsewhere) {
			t.Errorf("%s: %v, want a refusal: voice would leave the machine", s, err)
		}
	}
	if _, _, err := serverAddress("carrier:pigeon"); err == nil {
		t.Error("an unknown kind of address is taken")
	}
}

func TestNoServerIsSaid(t *testing.T) {
	dir := t.TempDir()
	if _, err := Dial("unix:" + filepath.Join(dir, "none")); !errors.Is(err, ErrNoServer) {
		t.Errorf("nobody there: %v", err)
	}
	if _, err := Dial("tcp:192.0.2.1"); !errors.Is(err, ErrNoServer) || !errors.Is(err, errElsewhere) {
		t.Errorf("another machine: %v", err)
	}
}

// TestAServerThatHangsUp: something else listens there, and closes, or answers with
// what is not sound.
func TestAServerThatHangsUp(t *testing.T) {
	for name, answer := range map[string]string{"at once": "", "with rubbish": "HTTP/1.1 400 Bad Request\r\n\r\n"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s")
			l, err := net.Listen("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			go func() { // ends with the listener
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					c.Write([]byte(answer))
					c.Close()
				}
			}()
			if _, err := Dial(path); !errors.Is(err, ErrNoServer) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestAConnectionEndsInOneWay: a connection that is torn reads as one that has ended,
// which is all that the protocol's reader takes for an end.
func TestAConnectionEndsInOneWay(t *testing.T) {
	a, b := net.Pipe()
	b.Close()
	a.Close()
	if _, err := (&steady{a}).Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("%v, want io.EOF", err)
	}
	if _, err := (&steady{a}).Write([]byte{1}); err == nil {
		t.Error("wrote on a closed connection")
	}
}
