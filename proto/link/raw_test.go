package link_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"crossband/proto"
	"crossband/proto/wire"
)

// raw is a peer that keeps to QUIC and TLS but not to our protocol.
type raw struct {
	t      *testing.T
	tr     *quic.Transport
	conn   *quic.Conn
	stream *quic.Stream
}

func memberTLS(cert *tls.Certificate) *tls.Config {
	return &tls.Config{
		InsecureSkipVerify: true,
		NextProtos:         []string{proto.ALPN},
		Certificates:       []tls.Certificate{*cert},
	}
}

func dialRaw(t *testing.T, pc net.PacketConn, at net.Addr, conf *tls.Config) (*raw, error) {
	t.Helper()
	r := &raw{t: t, tr: &quic.Transport{Conn: pc}}
	conn, err := r.tr.Dial(t.Context(), at, conf, &quic.Config{
		EnableDatagrams: true, MaxIdleTimeout: 30 * time.Second, KeepAlivePeriod: time.Second,
	})
	if err != nil {
		return r, err
	}
	r.conn = conn
	r.stream, err = conn.OpenStream()
	return r, err
}

func (r *raw) close() { r.tr.Close(); r.tr.Conn.Close() }

func (r *raw) write(b []byte) {
	r.t.Helper()
	if _, err := r.stream.Write(b); err != nil {
		r.t.Fatalf("raw peer: %v", err)
	}
}

// greet says Hello and reads the answer.
func (r *raw) greet() {
	r.t.Helper()
	r.write(encode(r.t, hello(1, 1)))
	if _, err := proto.ReadFrame(r.stream, func(proto.Kind, int) error { return nil }); err != nil {
		r.t.Fatalf("raw peer: no answer to its greeting: %v", err)
	}
}

// ended waits for the connection's end and returns the close that it got.
func (r *raw) ended() *quic.ApplicationError {
	r.t.Helper()
	select {
	case <-r.conn.Context().Done():
	case <-time.After(time.Minute):
		r.t.Fatal("raw peer: the connection did not end")
	}
	var app *quic.ApplicationError
	if err := context.Cause(r.conn.Context()); !errors.As(err, &app) || !app.Remote {
		r.t.Fatalf("raw peer: ended with %v, want the listener's close", err)
	}
	return app
}

func hello(least, most uint32) *wire.Frame {
	return &wire.Frame{Body: &wire.Frame_Hello{Hello: &wire.Hello{VersionMin: least, VersionMax: most}}}
}

func encode(t testing.TB, f *wire.Frame) []byte {
	t.Helper()
	b, err := proto.AppendFrame(nil, f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func header(k proto.Kind, length uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(nil, uint16(k)), length)
}
