package handheld

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestAHeadsetThatComesBackIsUsed: with a real sound server that has no device at first,
// gets one, loses it and gets it again.
func TestAHeadsetThatComesBackIsUsed(t *testing.T) {
	for _, program := range []string{"pulseaudio", "pactl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is not installed")
		}
	}
	dir := t.TempDir()
	socket := filepath.Join(dir, "native")
	env := append(os.Environ(), "HOME="+dir, "XDG_RUNTIME_DIR="+dir, "PULSE_RUNTIME_PATH="+dir, "PULSE_STATE_PATH="+dir, "PULSE_SERVER=unix:"+socket)
	server := exec.Command("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm=yes", "--log-level=error", "-L", "module-native-protocol-unix auth-anonymous=1 socket="+socket)
	server.Env = env
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Process.Kill(); server.Wait() })
	tell := func(args ...string) string {
		t.Helper()
		var out []byte
		var err error
		for range 100 { // till it listens
			c := exec.Command("pactl", args...)
			c.Env = env
			if out, err = c.Output(); err == nil {
				return strings.TrimSpace(string(out))
			}
			time.Sleep(100 * time.Millisecond)
		}
		t.Fatal(args, err)
		return ""
	}
	tell("info")
	ctx, cancel := context.WithCancel(t.Context())
	card, ended := NewCard("unix:"+socket, "", ""), make(chan struct{})
	go func() { // ends with ctx
		defer close(ended)
		card.Run(ctx)
	}()
	defer func() { cancel(); <-ended }()
	works := func() bool {
		p, err := card.Press()
		if err == nil {
			p.Release()
		}
		return err == nil && card.State() == nil
	}
	until := func(want bool, what string) {
		t.Helper()
		for range 300 {
			if works() == want {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		t.Fatal(what, card.State())
	}
	until(false, "works without a device")
	for range 2 {
		headset := tell("load-module", "module-null-sink", "sink_name=headset")
		until(true, "a headset that has come is not used:")
		tell("unload-module", headset)
		until(false, "works without its headset")
	}
}
