package identity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"runtime"
	"testing"
	"time"
)

// costlyChains are what a stranger could make us work for: keys that are slow
// to use, chains that are long and certificates that are large.
func costlyChains(t testing.TB, w twoAgencies) []badChain {
	with := func(pub crypto.PublicKey) [][]byte {
		return [][]byte{w.us.leafFor(t, []string{eagle}, pub, nil), w.usIsRaw}
	}
	p224 := must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader))(t).Public()
	leaf := w.us.leaf(t, []string{eagle}, nil)
	extra := [][]byte{leaf, w.usIsRaw}
	for range 300 {
		extra = append(extra, w.usRaw)
	}
	names := func(n int) [][]byte {
		return [][]byte{w.us.leaf(t, nil, func(c *x509.Certificate) {
			list := []asn1.RawValue{{Class: 2, Tag: 6, Bytes: []byte(eagle)}}
			for i := range n {
				list = append(list, asn1.RawValue{Class: 2, Tag: 2, Bytes: fmt.Appendf(nil, "host-%d.example", i)})
			}
			san(t, c, list)
		}), w.usIsRaw}
	}
	return []badChain{
		{rule: "RSA of 1,024 bits", raw: with(rsaKey(1024)), want: WeakKey},
		{rule: "RSA of 16,384 bits", raw: with(rsaKey(16384)), want: WeakKey},
		{rule: "P-224", raw: with(p224), want: WeakKey},
		{rule: "SHA-1", raw: [][]byte{withSHA1(t, leaf), w.usIsRaw}, want: WeakKey},
		{rule: "an RSA authority", raw: rsaAuthority(t, w), want: WeakKey},
		{rule: "60 authorities deep", raw: chainOf(t, w, 60), want: ChainTooLong},
		{rule: "300 certificates too many", raw: extra, want: ChainTooLong},
		{rule: "10,000 names", raw: names(10000), want: ChainTooLong},
		{rule: "300 names", raw: names(300), want: ManyIdentities},
	}
}

// TestHostileChainsAreRefusedBeforeAnySignature: with every signature of the
// chain spoilt the same rule is named. So the rule was applied before any
// public-key operation, and a stranger buys none with a costly certificate.
func TestHostileChainsAreRefusedBeforeAnySignature(t *testing.T) {
	w := newTwoAgencies(t)
	for _, c := range costlyChains(t, w) {
		spoilt := make([][]byte, len(c.raw))
		for i, der := range c.raw {
			spoilt[i] = flipLast(der)
		}
		_, err := w.store.VerifyPeer(spoilt, UsageClient, noon())
		wantFault(t, err, c.want, c.rule+", no signature of which is good")
	}
	leaf := w.us.leaf(t, []string{eagle}, nil)
	_, err := w.store.VerifyPeer([][]byte{flipLast(leaf), w.usIsRaw}, UsageClient, noon())
	wantFault(t, err, UnknownAuthority, "the comparison: a chain that only its signature spoils")
}

// TestRefusingCostsLessThanAccepting measures both, for no machine's seconds
// are another's: what is refused must not cost more than what is let in.
func TestRefusingCostsLessThanAccepting(t *testing.T) {
	w := newTwoAgencies(t)
	good := [][]byte{w.us.leaf(t, []string{eagle}, nil), w.usIsRaw}
	quickest := func(raw [][]byte) time.Duration {
		best := time.Hour
		for range 30 { // the quickest of many is what it takes undisturbed
			start := time.Now()
			w.store.VerifyPeer(raw, UsageClient, noon())
			best = min(best, time.Since(start))
		}
		return best
	}
	accept := quickest(good)
	octets := allocated(func() { w.store.VerifyPeer(good, UsageClient, noon()) })
	for _, c := range costlyChains(t, w) {
		if d := quickest(c.raw); d > accept {
			t.Errorf("%s: refused in %v, a good chain is accepted in %v", c.rule, d, accept)
		}
		size := 0
		for _, der := range c.raw {
			size += len(der)
		}
		got := allocated(func() { w.store.VerifyPeer(c.raw, UsageClient, noon()) })
		if most := octets + 8*MaxChainBytes; got > most {
			t.Errorf("%s: refusing %d octets allocated %d; accepting a good chain takes %d", c.rule, size, got, octets)
		}
	}
}

// allocated returns how many octets a call allocates, on average.
func allocated(call func()) uint64 {
	const calls = 10
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range calls {
		call()
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / calls
}
