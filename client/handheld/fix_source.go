package handheld

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// FixSource is where fixes come from: a receiver's device or file, or a server.
type FixSource struct {
	kind string // nmea, nmea-tcp, gpsd
	at   string // path or HOST:PORT
}

// gpsdPort is the port that is registered for gpsd.
const gpsdPort = "2947"

// ParseFixSource reads "gpsd", "gpsd:HOST:PORT", "nmea:PATH" or "nmea:tcp:HOST:PORT".
func ParseFixSource(s string) (FixSource, error) {
	kind, at, _ := strings.Cut(s, ":")
	switch {
	case kind == "gpsd" && at == "":
		return FixSource{"gpsd", net.JoinHostPort("localhost", gpsdPort)}, nil
	case kind == "gpsd":
		if _, _, err := net.SplitHostPort(at); err != nil {
			at = net.JoinHostPort(at, gpsdPort)
		}
		return FixSource{"gpsd", at}, nil
	case kind == "nmea" && strings.HasPrefix(at, "tcp:"):
		at = strings.TrimPrefix(at, "tcp:")
		if _, _, err := net.SplitHostPort(at); err != nil {
			return FixSource{}, fmt.Errorf("position source %q: %w", s, err)
		}
		return FixSource{"nmea-tcp", at}, nil
	case kind == "nmea" && at != "":
		return FixSource{"nmea", at}, nil
	}
	return FixSource{}, fmt.Errorf("position source %q: want gpsd, gpsd:HOST:PORT, nmea:PATH or nmea:tcp:HOST:PORT", s)
}

// Bounds of a source.
const (
	maxFixLine = 16 << 10 // octets; gpsd's longest are near 10 KiB
	fixQuiet   = 30 * time.Second
	fixAgain   = 5 * time.Second
)

// Follow gives each fix until ctx ends, and connects again when a source ends. tell is
// told why there is none, with nil once there is one again.
func (s FixSource) Follow(ctx context.Context, give func(Fix), tell func(error)) {
	for ctx.Err() == nil {
		err := s.once(ctx, func(f Fix) {
			tell(nil)
			give(f)
		})
		if ctx.Err() != nil {
			return
		}
		tell(err)
		select {
		case <-ctx.Done():
		case <-time.After(fixAgain):
		}
	}
}

// once reads the source until it ends.
func (s FixSource) once(ctx context.Context, give func(Fix)) error {
	in, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer in.Close()
	defer context.AfterFunc(ctx, func() { in.Close() })()
	read := new(Receiver).Line
	if s.kind == "gpsd" {
		read = func(line string) (Fix, bool, error) { return parseReport([]byte(line)) }
	}
	lines := bufio.NewScanner(&patient{in})
	lines.Buffer(nil, maxFixLine)
	for lines.Scan() {
		if f, ok, err := read(lines.Text()); err == nil && ok { // a damaged line is one that did not come
			give(f)
		}
	}
	return errors.Join(errors.New("the position source has ended"), lines.Err())
}

func (s FixSource) open(ctx context.Context) (io.ReadCloser, error) {
	if s.kind == "nmea" {
		// A serial line without carrier, or a pipe, must not hold up opening or closing.
		return os.OpenFile(s.at, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	}
	conn, err := (&net.Dialer{Timeout: fixAgain}).DialContext(ctx, "tcp", s.at)
	if err != nil {
		return nil, err
	}
	if s.kind == "gpsd" {
		if _, err := io.WriteString(conn, watch); err != nil {
			conn.Close()
			return nil, err
		}
	}
	return conn, nil
}

// patient gives up on a source that says nothing for fixQuiet, where the source can.
type patient struct{ io.ReadCloser }

func (p *patient) Read(b []byte) (int, error) {
	if d, ok := p.ReadCloser.(interface{ SetReadDeadline(time.Time) error }); ok {
		_ = d.SetReadDeadline(time.Now().Add(fixQuiet)) // a plain file has none
	}
	return p.ReadCloser.Read(b)
}
