package sound

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"crossband/client"
	"crossband/client/voice"
	"crossband/proto"
)

// serverOf starts a real PulseAudio that has one loudspeaker, which nobody hears, and
// whose microphone is what that loudspeaker plays.
func serverOf(t *testing.T) (address string, stop func()) {
	t.Helper()
	bin, err := exec.LookPath("pulseaudio")
	if err != nil {
		t.Skip("pulseaudio is not installed")
	}
	dir := t.TempDir()
	socket := filepath.Join(dir, "native")
	cmd := exec.Command(bin, "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm=yes", "--log-level=error",
		"-L", "module-null-sink sink_name=out", "-L", "module-native-protocol-unix auth-anonymous=1 socket="+socket)
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_RUNTIME_DIR="+dir, "PULSE_RUNTIME_PATH="+dir, "PULSE_STATE_PATH="+dir)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = func() {
		if cmd.ProcessState == nil {
			cmd.Process.Kill()
			cmd.Wait()
		}
	}
	t.Cleanup(stop)
	for range 200 {
		if _, err := os.Stat(socket); err == nil {
			return socket, stop
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("pulseaudio does not listen")
	return "", nil
}

func dial(t *testing.T, address string) *Server {
	t.Helper()
	s, err := Dial(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestSoundServer(t *testing.T) {
	address, stop := serverOf(t)
	s := dial(t, address)

	t.Run("devices are listed", func(t *testing.T) {
		list, err := s.Devices()
		if err != nil || len(list) != 2 {
			t.Fatalf("%+v, %v", list, err)
		}
		if in, out := list[0], list[1]; in.ID != "out.monitor" || !in.Input || !in.Monitor || out.ID != "out" || out.Input || !out.Default {
			t.Errorf("%+v", list)
		}
	})
	t.Run("a device that is not there", func(t *testing.T) {
		if _, err := s.Microphone("none"); !errors.Is(err, ErrNoDevice) {
			t.Errorf("microphone: %v", err)
		}
		if _, err := s.Speaker("out.monitor"); !errors.Is(err, ErrNoDevice) {
			t.Errorf("a microphone as loudspeaker: %v", err)
		}
	})
	t.Run("what is played is heard", func(t *testing.T) { playedIsHeard(t, s) })
	t.Run("the parrot reports", func(t *testing.T) { parrotReports(t, s) })
	t.Run("a press while another is under way ends that", func(t *testing.T) {
		m, err := s.Microphone("out.monitor")
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		first, err := m.Press()
		if err != nil {
			t.Fatal(err)
		}
		second, err := m.Press()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, first); err != nil {
			t.Errorf("the first: %v", err)
		}
		first.Release() // late: must not end the second
		if _, err := io.ReadFull(second, make([]byte, frameOctets)); err != nil {
			t.Errorf("the second: %v", err)
		}
		second.Release()
	})
	t.Run("the server goes away in the middle of a press", func(t *testing.T) {
		m, err := s.Microphone("out.monitor")
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.Speaker("out")
		if err != nil {
			t.Fatal(err)
		}
		r, err := m.Press()
		if err != nil {
			t.Fatal(err)
		}
		stop()
		if _, err := io.Copy(io.Discard, r); !errors.Is(err, errLost) {
			t.Errorf("the recording ends with %v", err)
		}
		<-s.Lost()
		r.Release()
		p.Close()
		m.Close()
		if _, err := m.Press(); err == nil {
			t.Error("pressed without a server")
		}
	})
}

// warm waits until a device that was idle has begun to work: a loudspeaker that nobody
// hears has then said two seconds of silence in advance.
func warm(t *testing.T, m *Microphone) {
	t.Helper()
	hears(t, m, func() {
		for r := m.pressed(); ; time.Sleep(voice.FrameDuration) {
			if r.Heard() {
				return
			}
		}
	})
}

// hears presses, has fn make sound, releases and returns what was heard.
func hears(t *testing.T, m *Microphone, fn func()) []int16 {
	t.Helper()
	r, err := m.Press()
	if err != nil {
		t.Fatal(err)
	}
	all := make(chan []byte)
	go func() { // ends with the recording
		b, _ := io.ReadAll(r)
		all <- b
	}()
	fn()
	r.Release()
	return samples(<-all)
}

func playedIsHeard(t *testing.T, s *Server) {
	p, err := s.Speaker("out")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	m, err := s.Microphone("out.monitor")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	warm(t, m)
	ch := proto.ChannelID{7}
	pcm := hears(t, m, func() {
		tick := time.NewTicker(voice.FrameDuration)
		defer tick.Stop()
		loudest := 0 // of the microphone; it lags behind what is played
		for rest := tone(voice.SampleRate, -12); len(rest) > 0; rest = rest[voice.FrameSamples:] {
			p.Play(client.Played{Channel: ch, PCM: rest[:voice.FrameSamples], At: time.Now(), End: len(rest) == voice.FrameSamples})
			<-tick.C
			loudest = max(loudest, m.Level())
		}
		if l := p.Level(ch, time.Now()); l < 50 || p.Level(ch, time.Now().Add(time.Second)) != 0 || p.Level(proto.ChannelID{8}, time.Now()) != 0 {
			t.Errorf("the channel's level is %d %%", l)
		}
		for range 10 {
			<-tick.C
			loudest = max(loudest, m.Level())
		}
		if loudest < 50 {
			t.Errorf("the microphone's level is %d %% at most", loudest)
		}
	})
	loud := 0
	for rest := pcm; len(rest) >= voice.FrameSamples; rest = rest[voice.FrameSamples:] {
		if r := Measure(rest[:voice.FrameSamples]).RMS; r > -20 && r < -10 {
			loud++
		}
	}
	if loud < 35 || loud > 60 { // of 50; the machine may be busy
		t.Errorf("%d frames heard of 50 played, among %d", loud, len(pcm)/voice.FrameSamples)
	}
	time.Sleep(700 * time.Millisecond) // a busy machine plays late
	if again := hears(t, m, func() { time.Sleep(100 * time.Millisecond) }); Measure(again).Peak > deadPeak {
		t.Error("the next press hears what came before it")
	}
}

func parrotReports(t *testing.T, s *Server) {
	p, err := s.Speaker("out")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	m, err := s.Microphone("out.monitor")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	said := make(chan error, 1)
	go func() { said <- p.Say(t.Context(), speech(-15, -60)) }() // ends by itself
	var meter []int
	r, err := Parrot(t.Context(), m, nil, 2*time.Second, func(l int) { meter = append(meter, l) })
	if err != nil || r.Verdict != Healthy || r.Clipped != 0 || r.Seconds != 2 {
		t.Errorf("%+v (%s), %v", r, r.Figures(), err)
	}
	if err := <-said; err != nil {
		t.Error(err)
	}
	if len(meter) != 20 {
		t.Errorf("%d readings of the meter", len(meter))
	}
	for tries := 20; ; tries-- { // what was said before is heard to its end, later on a busy machine
		r, err := Parrot(t.Context(), m, p, 200*time.Millisecond, nil)
		if err == nil && r.Verdict == Dead {
			break
		}
		if err != nil || tries == 0 {
			t.Errorf("silence: %+v, %v", r, err)
			break
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Parrot(ctx, m, p, time.Minute, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
