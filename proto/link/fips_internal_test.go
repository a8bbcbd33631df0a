package link

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/fips140"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"crossband/proto"
)

// TestFIPSModeOffersNoUnapprovedCurve: with the mode in force our TLS settings
// lose X25519 alone, on both sides, and keep the rest. The mode is set when a
// program starts, so the test's other half is a process of its own.
func TestFIPSModeOffersNoUnapprovedCurve(t *testing.T) {
	if fips140.Enabled() {
		t.Skip("the other half cannot offer what is to be refused: this process is in FIPS 140-3 mode itself")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	child := exec.Command(os.Args[0], "-test.run=^TestFIPSHalf$")
	child.Env = append(os.Environ(), "GODEBUG=fips140=on", "CROSSBAND_TEST_FIPS_HALF="+l.Addr().String())
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { child.Process.Kill(); child.Wait() }() // it may still wait for handshakes

	offered := offeredBy(t, l)
	if slices.Contains(offered, tls.X25519) {
		t.Errorf("the dialler offers X25519 alone: %v", offered)
	}
	for _, want := range []tls.CurveID{tls.X25519MLKEM768, tls.SecP256r1MLKEM768, tls.SecP384r1MLKEM1024, tls.CurveP384, tls.CurveP256} {
		if !slices.Contains(offered, want) {
			t.Errorf("the dialler does not offer %v: %v", want, offered)
		}
	}
	lines := bufio.NewScanner(out)
	address := ""
	for address == "" && lines.Scan() {
		address, _ = strings.CutPrefix(lines.Text(), "listens ")
	}
	for curve, want := range map[tls.CurveID]bool{tls.X25519: false, tls.X25519MLKEM768: true, tls.CurveP256: true} {
		c, err := tls.Dial("tcp", address, &tls.Config{
			InsecureSkipVerify: true, NextProtos: []string{proto.ALPNEnrol}, CurvePreferences: []tls.CurveID{curve},
		})
		if (err == nil) != want {
			t.Errorf("the listener accepts %v: %t (%v), want %t", curve, err == nil, err, want)
		}
		if err == nil {
			c.Close()
		}
	}
}

// offeredBy returns the curves in the hello of whoever dials l.
func offeredBy(t *testing.T, l net.Listener) (curves []tls.CurveID) {
	t.Helper()
	l.(*net.TCPListener).SetDeadline(time.Now().Add(30 * time.Second))
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(30 * time.Second))
	tls.Server(c, &tls.Config{GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		curves = h.SupportedCurves
		return nil, fmt.Errorf("seen enough")
	}}).Handshake()
	return curves
}

// TestFIPSHalf is the process in FIPS mode: it dials, then listens for three
// handshakes.
func TestFIPSHalf(t *testing.T) {
	address := os.Getenv("CROSSBAND_TEST_FIPS_HALF")
	if address == "" {
		t.Skip("the other half of TestFIPSModeOffersNoUnapprovedCurve")
	}
	if !fips140.Enabled() {
		t.Fatal("not in FIPS 140-3 mode")
	}
	cert := selfSigned(t)
	cfg := &Config{Certificate: func() (*tls.Certificate, error) { return cert, nil }}
	own := cfg.dialerTLS(nil)
	own.ServerName = "x"
	if c, err := tls.Dial("tcp", address, own); err == nil {
		c.Close()
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", cfg.listenerTLS())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	fmt.Println("listens", l.Addr())
	for range 3 {
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(30 * time.Second))
		c.(*tls.Conn).Handshake()
		c.Close()
	}
}

func selfSigned(t *testing.T) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
