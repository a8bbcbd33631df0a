package relay

import (
	"time"

	"crossband/proto/link"
)

// When a route is strained (docs/PROTOCOL.md, section 8.10). A tenth is what a
// listener's concealment repairs; what one of many loses is no reason to give
// all the others less.
const (
	strainLook  = time.Second               // between two looks, and between two words to one sender
	strainFrom  = link.Strain(50)           // per mille that are lost to a receiver who counts
	strainOneIn = 10                        // so many of the endpoints have to
	strainTwice = 2                         // looks in a row
	strainEase  = 5 * time.Second           // without, until it is over
	strainHold  = strainEase + 2*strainLook // a partner's word: by then it says that it has eased
	strainFresh = 3 * strainLook / 2        // a partner's word, as long as it is said again each second
	strainLife  = 60 * time.Second          // of what is known of a route without voice
)

// receiver is how voice of a route fares on its way to one who hears it.
type receiver struct {
	relay bool        // of another agency: many may stand behind it
	lost  link.Strain // on our link to it
	word  partnerWord // of a relay
}

// partnerWord is what a partner's relay has said of those behind it.
type partnerWord struct {
	lost  link.Strain // now; 0: nothing
	holds bool        // it has said that they lose some, and not yet that it has eased
}

// strainRule decides whether the sender of one route is told that its receivers
// lose voice. The zero strainRule has told nothing.
type strainRule struct {
	strained bool        // the sender has been told so
	bad      int         // looks in a row that found it
	worst    link.Strain // in the last look
	found    time.Time   // when a look last found it
	said     time.Time   // when the sender was told last
	heard    time.Time   // when a look last found voice
}

// look judges what a look at a route with voice on it has found. It returns what
// the sender is to be told, if anything: 0 says that it has eased.
func (r *strainRule) look(now time.Time, list []receiver) (tell link.Strain, say bool) {
	r.heard = now
	if r.worst = measured(list); r.worst > 0 {
		r.bad++
	} else {
		r.bad = 0
	}
	return r.judge(now, wordOf(list))
}

// judge is look's second half, and all of it when only a partner has said something.
// What a partner says has been looked at twice and has eased for a while where it
// was found: it counts at once.
func (r *strainRule) judge(now time.Time, partners partnerWord) (tell link.Strain, say bool) {
	lost := partners.lost
	if r.bad >= strainTwice || r.bad > 0 && r.strained {
		lost, r.found = max(lost, r.worst), now
	}
	switch {
	case now.Sub(r.said) < strainLook && !r.said.IsZero():
		return 0, false
	case lost > 0:
		r.strained, r.said = true, now
		return lost, true
	case r.strained && !partners.holds && now.Sub(r.found) >= strainEase:
		r.strained, r.said = false, now
		return 0, true
	}
	return 0, false
}

// measured returns what the worst off of the receivers lose by our own measure if
// enough of them do, else 0. Partners' relays are not outvoted by endpoints.
func measured(list []receiver) (worst link.Strain) {
	var bad, all int
	var of link.Strain // the endpoints
	for _, r := range list {
		switch {
		case r.relay && r.lost >= strainFrom:
			worst = max(worst, r.lost)
		case r.relay:
		default:
			all++
			if r.lost >= strainFrom {
				bad, of = bad+1, max(of, r.lost)
			}
		}
	}
	if bad > 0 && bad*strainOneIn >= all {
		worst = max(worst, of)
	}
	return worst
}

// wordOf returns the worst that partners' relays have said.
func wordOf(list []receiver) (w partnerWord) {
	for _, r := range list {
		w.lost, w.holds = max(w.lost, r.word.lost), w.holds || r.word.holds
	}
	return w
}
