package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"crossband/proto"
)

// Authority is an agency's own certificate authority, a folder:
//
//	root/         root keys and certificates; may be kept off the machine
//	issuing/      keys and certificates of the online issuing authority
//	bundle.txt    the agency's trust bundle, to be given to partners
//	pins/         bundles of partner agencies
//	trust.list    the newest trust list
//	revoked/      the newest revocation lists
//	invitations/  open and used invitations
//	issued.log    one line for every certificate issued
//
// Only OpenAuthority and the methods that take a root passphrase read keys
// from disk. One goroutine uses an Authority at a time; of several processes
// on one folder, one at most may answer enrolments while others invite, pin
// and revoke. After RollRoot or RenewIssuing the others must open it again.
type Authority struct {
	dir        string
	passphrase []byte // of the issuing keys
	bundle     *Bundle
	issuers    []issuer
	pins       *PinStore
}

// AuthorityOptions protects the keys of a new authority at rest. An empty
// passphrase leaves a key to its file mode alone.
type AuthorityOptions struct {
	RootPassphrase    []byte
	IssuingPassphrase []byte
}

const bundleFile = "bundle.txt"

// InitAuthority makes root, issuing authority and bundle in dir, which must
// be missing or empty; anything in it is refused as Exists. The bundle is
// written last: without it the folder is not an authority.
func InitAuthority(dir string, agency proto.Agency, now time.Time, opts AuthorityOptions) (*Authority, error) {
	if _, err := proto.ParseAgency(string(agency)); err != nil {
		return nil, refuse(BadName, "%v", err)
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return nil, refuse(Exists, "%s is not empty; an authority is never overwritten", dir)
	}
	for _, sub := range []string{"root", "issuing", "pins", "revoked", "invitations"} {
		if err := ensureDir(filepath.Join(dir, sub)); err != nil {
			return nil, err
		}
	}
	a := &Authority{dir: dir, passphrase: opts.IssuingPassphrase}
	root, err := a.makeRoot(agency, opts.RootPassphrase, now)
	if err != nil {
		return nil, err
	}
	if err := a.makeIssuing(agency, root, now); err != nil {
		return nil, err
	}
	b, err := signBundle(Bundle{Agency: agency, Sequence: nextNumber(0, now), Issued: now, Root: root.cert}, root.key)
	if err != nil {
		return nil, err
	}
	if err := replaceFile(filepath.Join(dir, bundleFile), b.text); err != nil {
		return nil, err
	}
	return OpenAuthority(dir, opts.IssuingPassphrase)
}

// OpenAuthority opens the authority in dir. The root's folder may be away.
func OpenAuthority(dir string, issuingPassphrase []byte) (*Authority, error) {
	a := &Authority{dir: dir, passphrase: issuingPassphrase}
	text, err := readFile(filepath.Join(dir, bundleFile))
	if err != nil {
		return nil, fmt.Errorf("open authority: %w", err)
	}
	if a.bundle, err = ParseBundle(text); err != nil {
		return nil, within("open authority "+dir, err)
	}
	if a.pins, err = OpenPinStore(filepath.Join(dir, "pins")); err != nil {
		return nil, err
	}
	if err := a.loadIssuers(); err != nil {
		return nil, err
	}
	return a, nil
}

// Agency returns whose authority it is.
func (a *Authority) Agency() proto.Agency { return a.bundle.Agency }

// Bundle returns the agency's own trust bundle.
func (a *Authority) Bundle() *Bundle { return a.bundle }

// Pins returns the partners' pinned bundles, which trust lists are made from.
func (a *Authority) Pins() *PinStore { return a.pins }

// IssuingUntil returns when the issuing authority in use at now expires; it
// must be renewed, with the root's key, before.
func (a *Authority) IssuingUntil(now time.Time) (time.Time, error) {
	by, err := a.issuing(now)
	if err != nil {
		return time.Time{}, err
	}
	return by.cert.NotAfter, nil
}

// loadIssuers reads every issuing authority that one of the bundle's roots
// has signed. Others are left from a roll-over that did not come to its end.
func (a *Authority) loadIssuers() error {
	paths, err := listFiles(filepath.Join(a.dir, "issuing"), "", ".crt")
	if err != nil {
		return fmt.Errorf("list issuing authorities: %w", err)
	}
	a.issuers = nil
	for _, path := range paths {
		cert, err := readCertificate(path)
		if err != nil {
			return err
		}
		for _, root := range a.bundle.all() {
			if cert.CheckSignatureFrom(root) != nil {
				continue
			}
			key, err := LoadKey(strings.TrimSuffix(path, ".crt")+".key", a.passphrase)
			if err != nil {
				return err
			}
			if !sameKey(cert, key) {
				return refuse(WrongKey, "certificate and key of %s do not belong together", path)
			}
			a.issuers = append(a.issuers, issuer{cert, root, key})
			break
		}
	}
	return nil
}

// issuing chooses the authority that signs at now: the newest valid one that
// is not revoked, below the root whose turn it is.
func (a *Authority) issuing(now time.Time) (issuer, error) {
	held, err := a.revocations()
	if err != nil {
		return issuer{}, err
	}
	turn := a.rootInTurn(now)
	var best issuer
	for _, i := range a.issuers {
		if checkDates(i.cert, "", now) != nil || held.revokesAuthority(i.cert) != nil || !holds(a.bundle.anchors(now), i.root) {
			continue
		}
		better := best.cert == nil || i.root.Equal(turn) && !best.root.Equal(turn) ||
			i.root.Equal(turn) == best.root.Equal(turn) && i.cert.NotBefore.After(best.cert.NotBefore)
		if better {
			best = i
		}
	}
	if best.cert == nil {
		return issuer{}, refuse(Expired, "authority of %s has no issuing certificate that is valid on %s; renew it with the root's key", a.Agency(), date(now))
	}
	return best, nil
}

// rootInTurn returns the root below which certificates are issued at now. In
// a roll-over that is the old one for the first half of the overlap, so that
// every partner has time to learn of the new one.
func (a *Authority) rootInTurn(now time.Time) *x509.Certificate {
	if n := len(a.bundle.Rollovers); n > 0 {
		r := a.bundle.Rollovers[n-1]
		if now.Before(r.Issued.Add(r.Until.Sub(r.Issued) / 2)) {
			return r.Old
		}
	}
	return a.bundle.Root
}

// makeRoot makes a root and keeps its key under passphrase.
func (a *Authority) makeRoot(agency proto.Agency, passphrase []byte, now time.Time) (issuer, error) {
	key, err := GenerateKey(elliptic.P384())
	if err != nil {
		return issuer{}, err
	}
	cert, err := newRoot(agency, key, now)
	if err != nil {
		return issuer{}, err
	}
	return issuer{cert, cert, key}, a.keepKeyPair("root", cert, key, passphrase)
}

func (a *Authority) makeIssuing(agency proto.Agency, root issuer, now time.Time) error {
	key, err := GenerateKey(elliptic.P384())
	if err != nil {
		return err
	}
	cert, err := newIssuing(agency, key, root, now)
	if err != nil {
		return err
	}
	return a.keepKeyPair("issuing", cert, key, a.passphrase)
}

// keepKeyPair writes the key before the certificate: a certificate without
// its key would stop OpenAuthority.
func (a *Authority) keepKeyPair(sub string, cert *x509.Certificate, key *ecdsa.PrivateKey, passphrase []byte) error {
	base := a.keyBase(sub, cert)
	if err := SaveKey(base+".key", key, passphrase); err != nil {
		return err
	}
	return replaceFile(base+".crt", pem.EncodeToMemory(&pem.Block{Type: certBlock, Bytes: cert.Raw}))
}

func (a *Authority) keyBase(sub string, cert *x509.Certificate) string {
	f := fingerprintOf(cert)
	return filepath.Join(a.dir, sub, hex.EncodeToString(f[:8]))
}

// openRoot reads the key of a root, whose folder must be there.
func (a *Authority) openRoot(cert *x509.Certificate, passphrase []byte) (issuer, error) {
	key, err := LoadKey(a.keyBase("root", cert)+".key", passphrase)
	if err != nil {
		return issuer{}, fmt.Errorf("root key of %s (is its folder there?): %w", a.Agency(), err)
	}
	if !sameKey(cert, key) {
		return issuer{}, refuse(WrongKey, "the root key on disk is not that of %s", cert.Subject)
	}
	return issuer{cert, cert, key}, nil
}

const certBlock = "CERTIFICATE"

func readCertificate(path string) (*x509.Certificate, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil || block.Type != certBlock {
		return nil, refuse(Malformed, "%s is not a PEM certificate", path)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, refuse(Malformed, "%s: %v", path, err)
	}
	return cert, nil
}

// nextNumber follows prev and is at least the time, so that numbers grow even
// when an authority was restored from an old copy.
func nextNumber(prev uint64, now time.Time) uint64 {
	return max(prev+1, uint64(max(now.Unix(), 1)))
}
