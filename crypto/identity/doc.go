// Package identity is who an agency and its devices are: the agency's own
// certificate authority, the certificates of relays and endpoints, the trust
// bundles that agencies exchange and pin, enrolment, renewal and revocation.
//
// There is no root above the agencies. A certificate is judged against the
// roots of the agency that its one identity URI names, and of no other. What a
// verified peer may do is not decided here: the role in its proto.Name is, for
// the tables of proto and the hub, and the signed charter for groups. The
// package opens no connection, starts no goroutine and reads no clock; every
// rule about time takes now.
//
// # An agency
//
//	a, err := identity.InitAuthority(dir, "usbp.example", now, identity.AuthorityOptions{RootPassphrase: p})
//	file := a.Bundle().Export()               // to the partner, as a file
//	words := a.Bundle().Fingerprint().Words() // to the partner, by voice
//
//	b, err := identity.ParseBundle(theirFile)
//	err = b.Fingerprint().MatchWords(heard)
//	err = a.Pins().Pin(b, b.Fingerprint(), now)
//	list, err := a.TrustList(now) // to all own relays and devices
//
// # A device
//
//	token, err := a.Invite(name, []string{"relay.usbp.example:4433"}, now, 24*time.Hour)
//	fmt.Println(token.Text())
//
//	token, err := identity.ParseToken(line)       // on the device
//	key, err := identity.GenerateKey(elliptic.P384())
//	err = identity.SaveKey(pending, key, nil)     // so that a lost reply can be asked for again
//	e, err := identity.NewEnrolment(token, key)
//	reply, err := a.Enrol(e.Request(), now)       // at the authority, by way of a relay
//	id, err := e.Finish(reply, now)
//	err = id.Save(dir, nil)
//
// A relay next to its authority needs no invitation: Authority.Issue, then
// NewIdentity. Everyone renews at Identity.RenewAt with NewRenewal and
// Authority.Renew.
//
// # A link
//
//	store, err := id.TrustStore(now)
//	cert, err := id.TLSCertificate()
//	conf := &tls.Config{
//		Certificates:           []tls.Certificate{cert},
//		ClientAuth:             tls.RequireAnyClientCert, // listening
//		InsecureSkipVerify:     true,                     // dialling: the store verifies instead
//		SessionTicketsDisabled: true,
//		VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error {
//			_, err := store.VerifyPeer(raw, identity.UsageClient, clock())
//			return err
//		},
//	}
//
// Lists that arrive later go to TrustStore.ApplyTrustList and
// ApplyRevocations; after that, links whose chain VerifyPeer no longer takes
// are to be cut. Identity.Adopt and Save keep the lists over a restart, so
// that an older one stays refused.
//
// # Documents
//
// Identity.Sign and TrustStore.VerifySigned carry other documents, such as a
// channel's charter. Every signature covers a context, which says what kind
// of document it is, and the exact octets of the payload.
//
// What is refused is a *Refusal: a Fault to act on and a sentence to show.
package identity
