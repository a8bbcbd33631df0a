package identity

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"crossband/proto"
)

// Identity is who a device, relay or authority is, and whom it trusts. It is
// made by Enrolment.Finish, Renewal.Finish, NewIdentity or Load, and is not
// changed in place.
type Identity struct {
	Name    proto.Name
	Chain   [][]byte // DER, leaf first, without the root
	Key     crypto.Signer
	Bundle  *Bundle  // the own agency's
	Trust   []byte   // newest trust list held; nil trusts the own agency alone
	Revoked [][]byte // newest revocation lists held
}

// NewIdentity makes the identity of a chain that Authority.Issue returned,
// for relays set up next to their authority. It is verified at now.
func NewIdentity(chain [][]byte, key crypto.Signer, own *Bundle, trust []byte, now time.Time) (*Identity, error) {
	c, err := parseChain(chain)
	if err != nil {
		return nil, err
	}
	id := &Identity{Name: c.name, Chain: chain, Key: key, Bundle: own, Trust: trust}
	if err := id.check(now); err != nil {
		return nil, err
	}
	_, err = id.TrustStore(now)
	return id, err
}

// TLSCertificate returns what to present on a link. Relays and authorities
// add their root, so that a device that knows only its fingerprint, from an
// invitation, can verify them.
func (id *Identity) TLSCertificate() (tls.Certificate, error) {
	leaf, err := id.Leaf()
	if err != nil {
		return tls.Certificate{}, err
	}
	c := tls.Certificate{Certificate: slices.Clone(id.Chain), PrivateKey: id.Key, Leaf: leaf}
	if id.Name.Role.IsEndpoint() {
		return c, nil
	}
	top, err := x509.ParseCertificate(id.Chain[len(id.Chain)-1])
	if err != nil {
		return tls.Certificate{}, refuse(Malformed, "chain of %s: %v", id.Name, err)
	}
	for _, root := range id.Bundle.all() {
		if slices.Equal(top.RawIssuer, root.RawSubject) && len(c.Certificate) < MaxChain {
			c.Certificate = append(c.Certificate, root.Raw)
		}
	}
	return c, nil
}

// TrustStore returns a store that trusts what the identity holds, verified at
// now.
func (id *Identity) TrustStore(now time.Time) (*TrustStore, error) {
	t, err := NewTrustStore(id.Bundle)
	if err != nil {
		return nil, err
	}
	if id.Trust != nil {
		if err := t.ApplyTrustList(id.Trust, now); err != nil {
			return nil, err
		}
	}
	for _, l := range id.Revoked {
		// A list of an agency that is no longer trusted has nothing to say.
		if err := t.ApplyRevocations(l, now); err != nil && FaultOf(err) != UnknownAuthority {
			return nil, err
		}
	}
	return t, nil
}

// Adopt returns the identity with the trust and revocation lists of the
// store, to be saved: after a restart an older list is still refused.
func (id *Identity) Adopt(t *TrustStore) *Identity {
	next := *id
	next.Bundle, next.Trust, next.Revoked = t.Own(), t.TrustList(), t.Revocations()
	return &next
}

const (
	identityFile = "identity.pem"
	trustBlock   = "CROSSBAND TRUST LIST"
	revokedBlock = "CROSSBAND REVOCATION LIST"
)

// Save writes the identity to dir, mode 0700: the key in a file of its own,
// mode 0600 and under passphrase if that is not empty, and all the rest in
// identity.pem, which names the key by its certificate and is replaced in one
// step. A key that is on disk already is left as it is. A key that cannot be
// exported, as in a hardware token, is not written; see LoadWithKey.
func (id *Identity) Save(dir string, passphrase []byte) error {
	if err := ensureDir(dir); err != nil {
		return err
	}
	leaf, err := id.Leaf()
	if err != nil {
		return err
	}
	path := filepath.Join(dir, keyFile(leaf))
	if key, ok := id.Key.(*ecdsa.PrivateKey); ok {
		if err := SaveKey(path, key, passphrase); err != nil && FaultOf(err) != Exists {
			return err
		}
	}
	var out bytes.Buffer
	block := func(kind string, b []byte) { out.Write(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b})) }
	for _, c := range id.Chain {
		block(certBlock, c)
	}
	out.Write(id.Bundle.text)
	if id.Trust != nil {
		block(trustBlock, id.Trust)
	}
	for _, r := range id.Revoked {
		block(revokedBlock, r)
	}
	if err := replaceFile(filepath.Join(dir, identityFile), out.Bytes()); err != nil {
		return err
	}
	return forgetOldKeys(dir, filepath.Base(path))
}

func keyFile(leaf *x509.Certificate) string {
	f := fingerprintOf(leaf)
	return "key-" + hex.EncodeToString(f[:8]) + ".pem"
}

// forgetOldKeys removes the keys of certificates that were renewed.
func forgetOldKeys(dir, current string) error {
	paths, err := listFiles(dir, "key-", ".pem")
	if err != nil {
		return fmt.Errorf("list keys: %w", err)
	}
	for _, p := range paths {
		if filepath.Base(p) == current {
			continue
		}
		if err := os.Remove(p); err != nil {
			return fmt.Errorf("forget old key: %w", err)
		}
	}
	return nil
}

// Load reads an identity that Save wrote. It refuses a key file that others
// may read as Exposed. It does not look at dates: an expired identity loads,
// so that it can be told from a broken one; see TrustStore and RenewAt.
func Load(dir string, passphrase []byte) (*Identity, error) {
	id, leaf, err := loadPublic(dir)
	if err != nil {
		return nil, err
	}
	key, err := LoadKey(filepath.Join(dir, keyFile(leaf)), passphrase)
	if err != nil {
		return nil, err
	}
	return id.withKey(leaf, key)
}

// LoadWithKey is Load for a key that is kept elsewhere.
func LoadWithKey(dir string, key crypto.Signer) (*Identity, error) {
	id, leaf, err := loadPublic(dir)
	if err != nil {
		return nil, err
	}
	return id.withKey(leaf, key)
}

func (id *Identity) withKey(leaf *x509.Certificate, key crypto.Signer) (*Identity, error) {
	if !sameKey(leaf, key) {
		return nil, refuse(WrongKey, "the key is not that of the certificate of %s", id.Name)
	}
	id.Key = key
	return id, nil
}

func loadPublic(dir string) (*Identity, *x509.Certificate, error) {
	path := filepath.Join(dir, identityFile)
	data, err := readFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("load identity: %w", err)
	}
	id := &Identity{}
	for {
		rest := data
		block, after := pem.Decode(data)
		if block == nil {
			break
		}
		switch block.Type {
		case certBlock:
			id.Chain = append(id.Chain, block.Bytes)
		case bundleBlock:
			if id.Bundle, err = ParseBundle(rest[:len(rest)-len(after)]); err != nil {
				return nil, nil, within(path, err)
			}
		case trustBlock:
			id.Trust = block.Bytes
		case revokedBlock:
			id.Revoked = append(id.Revoked, block.Bytes)
		default:
			return nil, nil, refuse(Malformed, "%s holds a %q block", path, block.Type)
		}
		data = after
	}
	c, err := parseChain(id.Chain)
	if err != nil {
		return nil, nil, within(path, err)
	}
	if id.Bundle == nil || id.Bundle.Agency != c.name.Agency {
		return nil, nil, refuse(Malformed, "%s lacks the trust bundle of agency %s", path, c.name.Agency)
	}
	id.Name = c.name
	return id, c.leaf(), nil
}
