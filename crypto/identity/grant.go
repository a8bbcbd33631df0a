package identity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"time"

	"crossband/proto"
)

// maxGrant is the most octets of an authority's answer.
const maxGrant = MaxTrustList + MaxChainBytes + 1<<10

// A grant is what an authority gives a device: its chain without the root,
// and the trust list, which holds the own agency's bundle.
type grant struct {
	chain [][]byte
	trust []byte
}

func (g grant) encode() []byte {
	e := newEncoder()
	e.u8(uint8(len(g.chain)))
	for _, c := range g.chain {
		e.bytes(c)
	}
	e.bytes(g.trust)
	return e.b
}

func parseGrant(data []byte) (grant, error) {
	d := newDecoder("certificate grant", data, maxGrant)
	var g grant
	n := int(d.u8())
	if d.err == nil && (n < 1 || n >= MaxChain) {
		return grant{}, refuse(ChainTooLong, "certificate grant with %d certificates, 1 to %d are read", n, MaxChain-1)
	}
	for range n {
		g.chain = append(g.chain, d.bytes(MaxChainBytes))
	}
	g.trust = d.bytes(MaxTrustList)
	return g, d.end()
}

// identity verifies a grant against what the device knows already, the root
// and its own name and key, and makes its identity of it.
func (g grant) identity(name proto.Name, root Fingerprint, key crypto.Signer, now time.Time) (*Identity, error) {
	list, err := verifyTrustList(g.trust, name.Agency, root, now)
	if err != nil {
		return nil, err
	}
	id := &Identity{Name: name, Chain: g.chain, Key: key, Bundle: list.Bundles[0], Trust: g.trust}
	return id, id.check(now)
}

// check verifies that the chain leads to the own agency's root, and that name
// and key are the leaf's.
func (id *Identity) check(now time.Time) error {
	store, err := NewTrustStore(id.Bundle)
	if err != nil {
		return err
	}
	name, err := store.VerifyPeer(id.Chain, UsageMember, now)
	if err != nil {
		return err
	}
	if name != id.Name {
		return refuse(WrongName, "the certificate is for %s and not for %s", name, id.Name)
	}
	leaf, err := id.Leaf()
	if err != nil {
		return err
	}
	if !sameKey(leaf, id.Key) {
		return refuse(WrongKey, "the certificate of %s is for another key than this device's", name)
	}
	return nil
}

// Leaf returns the identity's own certificate.
func (id *Identity) Leaf() (*x509.Certificate, error) {
	if len(id.Chain) == 0 {
		return nil, refuse(NoCertificate, "the identity %s has no certificate", id.Name)
	}
	leaf, err := x509.ParseCertificate(id.Chain[0])
	if err != nil {
		return nil, refuse(Malformed, "certificate of %s: %v", id.Name, err)
	}
	return leaf, nil
}

// keyHash stands for a public key where requests are told apart.
func keyHash(pub *ecdsa.PublicKey) (Fingerprint, error) {
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return Fingerprint{}, refuse(WeakKey, "public key: %v", err)
	}
	return fingerprintOf(&x509.Certificate{RawSubjectPublicKeyInfo: der}), nil
}
