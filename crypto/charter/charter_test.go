package charter

import (
	"bytes"
	"crypto/elliptic"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/wire"
)

// begin is when the authorities were founded and the charters signed.
func begin() time.Time { return time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC) }

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// agency is one with its authority and a signer of charters.
type agency struct {
	t    *testing.T
	auth *identity.Authority
}

func found(t *testing.T, name proto.Agency) agency {
	t.Helper()
	auth, err := identity.InitAuthority(filepath.Join(t.TempDir(), string(name)), name, begin(), identity.AuthorityOptions{})
	check(t, err)
	return agency{t, auth}
}

func (a agency) identity(short string, at time.Time) *identity.Identity {
	a.t.Helper()
	n, err := proto.ParseName("spiffe://" + string(a.auth.Agency()) + "/" + short)
	check(a.t, err)
	id, err := a.auth.IssueLocal(n, elliptic.P256(), at)
	check(a.t, err)
	return id
}

func rules(owner proto.Agency) *wire.Charter {
	return &wire.Charter{
		Owner: string(owner), Kind: wire.Charter_KIND_STANDING, Title: "Patrol", Suite: uint32(proto.SuiteP256), Storage: wire.Charter_STORAGE_SEALED,
		Parties: []*wire.Charter_Party{
			{Agency: string(owner), Send: []string{"unit", "desk"}, MaxPriority: 5},
			{Agency: "gn.example", Send: []string{"unit"}, MaxPriority: 5},
		},
		ExpiresMs: begin().Add(365 * 24 * time.Hour).UnixMilli(),
	}
}

// TestHostileCharters: a charter that was cut or changed, that somebody else
// signed or that is not in force is refused. The judge decides afterwards as
// before, and a good charter still passes.
func TestHostileCharters(t *testing.T) {
	us, mx, stranger := found(t, "usbp.example"), found(t, "gn.example"), found(t, "evil.example")
	trust, err := identity.NewTrustStore(us.auth.Bundle(), mx.auth.Bundle())
	check(t, err)
	judge := Judge{Trust: trust}
	now := begin().Add(time.Hour)
	mailbox := us.identity("authority/main", begin())
	good, parsed, err := Sign(mailbox, rules("usbp.example"), begin())
	check(t, err)
	passes := func(why string) {
		t.Helper()
		c, signer, err := judge.Read(good, now)
		if err != nil || signer != mailbox.Name || c.Channel != parsed.Channel {
			t.Errorf("%s: %v signed by %v, %v", why, c.Channel, signer, err)
		}
	}
	passes("a good charter")

	sign := func(id *identity.Identity, change func(*wire.Charter)) []byte {
		t.Helper()
		r := rules("usbp.example")
		if change != nil {
			change(r)
		}
		signed, _, err := Sign(id, r, begin())
		check(t, err)
		return signed
	}
	otherKind, err := mailbox.Sign("another document", []byte("x"))
	check(t, err)
	for why, c := range map[string]struct {
		signed []byte
		want   proto.Reason // ReasonNone: any
	}{
		"nothing":                             {nil, proto.ReasonMalformed},
		"noise":                               {[]byte("noise"), proto.ReasonMalformed},
		"an octet more":                       {append(slices.Clone(good), 0), proto.ReasonNone},
		"signed by an agency nobody trusts":   {sign(stranger.identity("authority/main", begin()), nil), proto.ReasonUnknownAuthority},
		"signed for another kind of document": {otherKind.Encode(), proto.ReasonNone},
		"not begun":                           {sign(mailbox, func(c *wire.Charter) { c.NotBeforeMs = now.Add(time.Hour).UnixMilli() }), proto.ReasonClosed},
		"over":                                {sign(mailbox, func(c *wire.Charter) { c.ExpiresMs = now.Add(-time.Minute).UnixMilli() }), proto.ReasonClosed},
		"signed before its signer was":        {sign(mailbox, func(c *wire.Charter) { c.NotBeforeMs = begin().Add(-48 * time.Hour).UnixMilli() }), proto.ReasonNotYetValid},
	} {
		_, _, err := judge.Read(c.signed, now)
		if err == nil || c.want != proto.ReasonNone && proto.ReasonOf(err) != c.want {
			t.Errorf("%s: %v, want reason %d", why, err, c.want)
		}
	}
	for i := 0; i < len(good); i += 7 {
		turned := slices.Clone(good)
		turned[i] ^= 1 << (i % 8)
		for _, bad := range [][]byte{good[:i], turned} {
			if _, _, err := judge.Read(bad, now); err == nil {
				t.Errorf("a charter cut or changed at octet %d of %d was accepted", i, len(good))
			}
		}
	}
	passes("the good charter after all that")

	// Who signed is told, not judged here: whether it may is the charter's rule.
	_, signer, err := judge.Read(sign(mx.identity("authority/main", begin()), nil), now)
	check(t, err)
	c, _, err := judge.Read(good, now)
	check(t, err)
	if err := c.SignerMay(signer, nil); proto.ReasonOf(err) != proto.ReasonCharter {
		t.Errorf("a partner's authority signs our channel: %v", err)
	}
	if held := trust.TrustList(); held != nil || !bytes.Equal(trust.Own().Export(), us.auth.Bundle().Export()) {
		t.Error("judging charters changed whom we trust")
	}
}

// TestACharterOutlivesItsSignersCertificate: signers' certificates last a week,
// charters a year.
func TestACharterOutlivesItsSignersCertificate(t *testing.T) {
	us := found(t, "usbp.example")
	trust, err := identity.NewTrustStore(us.auth.Bundle())
	check(t, err)
	r := rules("usbp.example")
	signed, _, err := Sign(us.identity("authority/main", begin()), r, begin())
	check(t, err)
	judge := Judge{Trust: trust}
	if _, _, err := judge.Read(signed, begin().Add(300*24*time.Hour)); err != nil {
		t.Errorf("300 days later: %v", err)
	}
	if _, _, err := judge.Read(signed, begin().Add(366*24*time.Hour)); proto.ReasonOf(err) != proto.ReasonClosed {
		t.Errorf("after its end: %v", err)
	}
}

// TestNoRelayIsAMember: relays and authorities have certificates of the same
// agency; membership is for endpoints.
func TestNoRelayIsAMember(t *testing.T) {
	us := found(t, "usbp.example")
	trust, err := identity.NewTrustStore(us.auth.Bundle())
	check(t, err)
	judge := Judge{Trust: trust}
	for short, want := range map[string]proto.Reason{
		"unit/a": proto.ReasonNone, "relay/r1": proto.ReasonWrongUsage, "authority/main": proto.ReasonWrongUsage,
	} {
		_, err := judge.Member(us.identity(short, begin()).Chain, begin().Add(time.Hour))
		if proto.ReasonOf(err) != want {
			t.Errorf("%s as a member: %v, want reason %d", short, err, want)
		}
	}
}
