package main

import (
	"fmt"
	"slices"
	"time"

	"crossband/client/phrase"
	"crossband/cmd/internal/relayd"
	"crossband/crypto/agreement"
	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/relay"
)

// opening is when a charter can be used, at now at the earliest.
func opening(pacts proto.Pacts, c *proto.Charter, now time.Time) time.Time {
	if begins := pacts.Span(c, now, false).Begins; begins.After(now) {
		return begins
	}
	return now
}

// agreements looks at the agreements that a relay is given, as the relay will.
func (d *doctor) agreements(config string, trust *identity.TrustStore) proto.Pacts {
	pacts, now := make(proto.Pacts), time.Now()
	list, err := relayd.LoadDocuments(relayd.AgreementsDir(config))
	if err != nil {
		d.bad("agreements", faultConfiguration, err, "remove the file; the agency's folder holds every agreement that it has signed")
	}
	for i, doc := range list {
		what := fmt.Sprintf("%s %d of %d", doc.Kind, i+1, len(list))
		read, err := (agreement.Judge{Trust: trust}).Document(doc.Kind, doc.Signed, now)
		switch {
		case err == nil && read.Withdrawal != nil:
			err = pacts.TakeWithdrawal(*read.Withdrawal, now)
		case err == nil:
			_, err = pacts.Take(*read.Agreement, now)
		}
		if a := read.Agreement; err == nil && a != nil && newer(list[i+1:], a, now) {
			d.ok(what, "%s revision %d: a later one is in force", phrase.Inert(a.Title), a.Revision)
			continue
		}
		if err == nil && read.Agreement != nil && !now.Before(read.Agreement.Ends) {
			err = read.Agreement.Check(now)
		}
		if err != nil {
			d.refused(what, err)
			continue
		}
		if w := read.Withdrawal; w != nil {
			d.bad(what, faultEnding, fmt.Errorf("%s withdraws as of %s", w.By, stamp(w.At)), "nothing that rests on it passes any more then: a new agreement takes every party's signature")
			continue
		}
		d.agreement(what, read.Agreement, now)
	}
	return pacts
}

// newer reports whether one of the documents is a later revision that has begun.
func newer(list []relay.Document, a *proto.Agreement, now time.Time) bool {
	return slices.ContainsFunc(list, func(doc relay.Document) bool {
		read, err := (agreement.Judge{}).ReadDocument(doc.Kind, doc.Signed)
		return err == nil && read.Agreement != nil && read.Agreement.ID == a.ID && !now.Before(read.Agreement.Begins)
	})
}

// soon is how long before its end an agreement is a problem: a new one takes every
// party's signature.
const soon = 7 * 24 * time.Hour

func (d *doctor) agreement(what string, a *proto.Agreement, now time.Time) {
	if left := a.Ends.Sub(now); left < soon {
		d.bad(what, faultEnding, fmt.Errorf("%s ends in %v, %s", a.Title, left.Round(time.Minute), stamp(a.Ends)), "nothing that rests on it passes any more then: crossband agreement draft --revise")
		return
	}
	d.ok(what, "%s of %s, %s", phrase.Inert(a.Title), join(a.Signers()), state(a, now))
}
