package hookd

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/relay/hook"
)

// newCertificate writes a certificate of its own with a serial number.
func newCertificate(t *testing.T, dir string, serial int64, at time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"tls.crt": {Type: "CERTIFICATE", Bytes: der}, "tls.key": {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTLS: the socket speaks TLS, and takes up a certificate that has been
// renewed; a damaged one does not take the good one's place.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	begin := time.Now().Add(-time.Minute)
	newCertificate(t, dir, 1, begin)
	s := Service{Config: Config{Listen: "127.0.0.1:0", Certificate: filepath.Join(dir, "tls.crt"), Key: filepath.Join(dir, "tls.key")}}
	if err := s.Config.checkListen(); err != nil {
		t.Fatal(err)
	}
	l, err := s.listen()
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
			c.(*tls.Conn).Handshake()
			c.Close()
		}
	}()
	serial := func() int64 {
		c, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	if n := serial(); n != 1 {
		t.Errorf("certificate %d", n)
	}
	newCertificate(t, dir, 2, begin.Add(time.Second))
	if n := serial(); n != 2 {
		t.Errorf("certificate %d after a renewal", n)
	}
	if err := os.WriteFile(s.Config.Certificate, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n := serial(); n != 2 {
		t.Errorf("certificate %d with a damaged file", n)
	}
	if _, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	if err := os.Chmod(s.Config.Key, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.Config.checkListen(); err == nil {
		t.Error("a key that others may read is taken")
	}
}

// TestAHailEndsWithItsAlert: it rings no longer than its alert lives.
func TestAHailEndsWithItsAlert(t *testing.T) {
	now := time.Date(2026, 8, 14, 23, 42, 0, 0, time.UTC)
	for left, want := range map[time.Duration]time.Duration{
		time.Second: time.Second, time.Minute: time.Minute, time.Hour: 2 * time.Minute, -time.Second: -time.Second,
	} {
		if got := lifeOf(hook.Raise{Call: hook.Call{Alert: hook.Alert{Expires: now.Add(left)}}}, now); got != want {
			t.Errorf("%v left: it rings %v", left, got)
		}
	}
	if got := lifeOf(hook.Raise{}, now); got != 2*time.Minute {
		t.Errorf("without an end: %v", got)
	}
}

// TestConnectionsAreBounded: one more than fits waits until another ends.
func TestConnectionsAreBounded(t *testing.T) {
	s := Service{Config: Config{Listen: "127.0.0.1:0"}}
	l, err := s.listen()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.(*bounded).places = make(chan struct{}, 2)
	accepted := make(chan net.Conn, 3)
	go func() { // ends with the listener
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	for range 3 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	first := <-accepted
	<-accepted
	select {
	case <-accepted:
		t.Fatal("a third connection is served")
	case <-time.After(50 * time.Millisecond):
	}
	first.Close()
	first.Close() // twice gives one place back
	select {
	case <-accepted:
	case <-time.After(10 * time.Second):
		t.Fatal("the place of a connection that ended is lost")
	}
	if n := len(l.(*bounded).places); n != 2 {
		t.Errorf("%d places taken", n)
	}
}

// TestWhatIsInTheLogHasNotComeBack: a hail that a run before this one made is
// refused as known, and must not be made under another name.
func TestWhatIsInTheLogHasNotComeBack(t *testing.T) {
	for reason, want := range map[proto.Reason]bool{proto.ReasonConflict: false, proto.ReasonNoRoute: true, proto.ReasonHailTo: true} {
		if got := didNotGoOut(client.MessageMoved{State: client.MessageFailed, Why: proto.Refuse(reason, "")}); got != want {
			t.Errorf("reason %d: %t", reason, got)
		}
	}
	if didNotGoOut(client.MessageMoved{State: client.MessageOrdered}) {
		t.Error("what is in the log came back")
	}
}
