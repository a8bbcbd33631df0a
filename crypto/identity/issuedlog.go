package identity

import (
	"bufio"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"crossband/proto"
)

// logIssued writes one line, durably, before the certificate is given away:
// there is none that the log does not know.
func (a *Authority) logIssued(leaf *x509.Certificate, name proto.Name, now time.Time) error {
	f, err := os.OpenFile(filepath.Join(a.dir, "issued.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("log certificate: %w", err)
	}
	_, err = fmt.Fprintf(f, "%s %x %s until %s\n", date(now), leaf.SerialNumber.Bytes(), name, date(leaf.NotAfter))
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("log certificate: %w", err)
	}
	return nil
}

// Issued reports whether the authority may have made a certificate for name. It goes
// by the log of certificates; without one nothing is known, and it may have.
func (a *Authority) Issued(name proto.Name) (bool, error) {
	f, err := os.Open(filepath.Join(a.dir, "issued.log"))
	if missing(err) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("read log of certificates: %w", err)
	}
	defer f.Close()
	want := " " + name.String() + " until "
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if strings.Contains(lines.Text(), want) {
			return true, nil
		}
	}
	return false, lines.Err()
}
