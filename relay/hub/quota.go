package hub

import (
	"maps"
	"slices"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/proto"
	"crossband/proto/wire"
)

// use is what a frame takes from its sender's quota.
type use uint8

const (
	useNone     use = iota
	useCommit       // commits and new channels: signatures, trees, an epoch for everybody
	useText         //
	useHail         //
	useReply        // to hails, and what else is said of them, of incidents and of duty
	useFloor        // presses; releases are free
	useFetch        // key packages fetched
	usePublish      // key packages published, each counts
	useOffer        // charters that a partner tells us of: a signature each
	useWelcome      // welcomes that a partner brings
	useRenew        // renewals of certificates, which the authority signs
	useRead         // log and record pages, group information and subscriptions: reads of many records, or long answers
	useSealed       // sealed parts fetched: a read of one record each
	useRecord       // what a partner brings and answers of records: signatures
	useTell         // how far the log has come, by the mark
	useDocument     // documents that a partner brings: a hash each
	useJudge        // of those that are not held, one for the reading and one for each signature that is judged
	useAnswer       // answers to notices, of these
	useOctets       // offered for storing
)

// allowance is one row of the quota table. A zero Rate does not count.
type allowance struct {
	endpoint proto.Rate // one endpoint, over all its channels
	partner  proto.Rate // one partner agency, over all its endpoints and channels
	channel  proto.Rate // one agency in one channel: none takes from another's share
	reserve  proto.Rate // one endpoint's emergencies when its own is used up
	urgent   proto.Rate // one partner agency's emergencies
}

// allow is the quota table: use × who. Rates are several times what was ever
// seen in use and far below what fills a loop or a disk. A partner's are those
// of some 500 endpoints.
func allow(u use) allowance {
	m := proto.PerMinute
	switch u {
	case useCommit:
		return allowance{endpoint: m(60, 120), partner: m(600, 600), channel: m(600, 600)}
	case useText:
		return allowance{endpoint: m(120, 300), partner: m(6000, 6000), channel: m(3000, 3000)}
	case useHail:
		return allowance{endpoint: m(12, 30), partner: m(120, 120), channel: m(60, 60), reserve: m(6, 6), urgent: m(240, 240)}
	case useReply:
		return allowance{endpoint: m(120, 120), partner: m(1200, 1200), channel: m(1200, 1200)}
	case useFloor:
		return allowance{endpoint: m(120, 60), partner: m(12000, 2000), channel: m(6000, 1000), reserve: m(6, 6), urgent: m(1200, 600)}
	case useFetch:
		return allowance{endpoint: m(60, 120), partner: m(600, 600)}
	case usePublish:
		return allowance{endpoint: m(20, 2*proto.MaxKeyPackages)}
	case useOffer:
		return allowance{partner: m(300, proto.MaxChannels)}
	case useDocument:
		return allowance{partner: m(120, 2*proto.MaxDocuments)}
	case useJudge:
		return allowance{partner: m(120, 2*proto.MaxPeerIssued)} // all that it may issue alone, at once
	case useAnswer:
		return allowance{partner: m(6, proto.MaxNotices)} // one to each that we may hold out
	case useWelcome:
		return allowance{partner: m(300, 600)}
	case useRenew:
		return allowance{endpoint: m(6, 6)}
	case useRead:
		return allowance{endpoint: m(600, 600), partner: m(12000, 6000)}
	case useSealed:
		return allowance{endpoint: m(6000, 128*proto.MaxEntries), partner: m(120_000, 512*proto.MaxEntries)}
	case useRecord:
		return allowance{partner: m(12_000, 6_000)}
	case useTell:
		return allowance{endpoint: m(6000, 400), partner: m(60_000, 6000)}
	case useOctets:
		return allowance{endpoint: proto.PerDay(64 << 20), partner: proto.PerDay(2 << 30), channel: proto.PerDay(1 << 30)}
	}
	return allowance{}
}

// marksOfOne is how many marks of one Progress cost as much as a frame.
const marksOfOne = 40

// targetRate is how many key packages of one endpoint one partner gets: it must
// not use up what others need.
func targetRate() proto.Rate { return proto.PerMinute(10, 10) }

// useOf returns what a frame takes, how much of it, and how many octets it
// wants kept.
func useOf(f *wire.Frame) (u use, n, octets int) {
	switch b := f.Body.(type) {
	case *wire.Frame_Commit:
		return useCommit, 1, len(b.Commit.Message) + len(b.Commit.Welcome)*max(1, len(b.Commit.Added)) // kept once for each
	case *wire.Frame_CreateChannel:
		return useCommit, 1, pb.Size(b.CreateChannel)
	case *wire.Frame_Text:
		return useText, 1, pb.Size(b.Text)
	case *wire.Frame_Hail:
		return useHail, 1, pb.Size(b.Hail)
	case *wire.Frame_HailReply:
		return useReply, 1, pb.Size(b.HailReply)
	case *wire.Frame_PageResult:
		return useReply, 1, pb.Size(b.PageResult)
	case *wire.Frame_Incident:
		return useReply, 1, pb.Size(b.Incident)
	case *wire.Frame_Duty:
		return useReply, 1, pb.Size(b.Duty)
	case *wire.Frame_FloorRequest:
		return useFloor, 1, 0
	case *wire.Frame_FetchKeyPackage:
		return useFetch, 1, 0
	case *wire.Frame_FetchLog, *wire.Frame_FetchVoice, *wire.Frame_FetchGroupInfo, *wire.Frame_Subscribe, *wire.Frame_FetchRecord:
		return useRead, 1, 0
	case *wire.Frame_FetchSealed:
		return useSealed, min(max(1, len(b.FetchSealed.Ids)), proto.MaxEntries), 0
	case *wire.Frame_RecordEntries:
		octets := 0
		for _, kept := range slices.Concat(b.RecordEntries.Lines, b.RecordEntries.Documents) {
			octets += len(kept)
		}
		return useRecord, 1, octets
	case *wire.Frame_RecordAnswer:
		return useRecord, 1, 0
	case *wire.Frame_Read:
		return useTell, 1, 0
	case *wire.Frame_Progress:
		return useTell, 1 + (len(b.Progress.Delivered)+len(b.Progress.Read)+len(b.Progress.Present))/marksOfOne, 0
	case *wire.Frame_PublishKeyPackages:
		return usePublish, min(len(b.PublishKeyPackages.Packages), proto.MaxKeyPackages) + 1, 0
	case *wire.Frame_ChannelOffer:
		return useOffer, 1, 0
	case *wire.Frame_Document:
		return useDocument, 1, 0
	case *wire.Frame_Welcome:
		return useWelcome, 1, pb.Size(b.Welcome)
	case *wire.Frame_Enrol:
		return useRenew, 1, 0
	}
	return useNone, 0, 0
}

// isUrgent reports whether a frame is of the emergency classes.
func isUrgent(f *wire.Frame) bool {
	switch b := f.Body.(type) {
	case *wire.Frame_FloorRequest:
		return b.FloorRequest.Priority >= uint32(proto.PriorityImminentPeril)
	case *wire.Frame_Hail:
		return b.Hail.Urgency >= uint32(proto.PriorityImminentPeril)
	}
	return false
}

// quotas are what everybody has used of late. They are no part of what a
// refusal leaves as it was: asking costs, whatever the answer.
type quotas struct {
	purses map[purse]*proto.Bucket
	pruned time.Time
}

// purse names whose use of what is counted.
type purse struct {
	use     use
	urgent  bool
	agency  proto.Agency
	name    proto.Name      // zero: the agency's
	channel proto.ChannelID // zero: over all channels
}

// maxPurses bounds the table. Beyond it a partner's endpoints have none of
// their own, and only what their agency uses is counted: names are the
// partner's to invent.
const maxPurses = 1 << 16

const pruneEvery = time.Minute

func newQuotas() quotas { return quotas{purses: make(map[purse]*proto.Bucket)} }

// share is one purse with what is to be taken from it.
type share struct {
	purse
	rate proto.Rate
	n    float64
	what string // whose it is, for the refusal
}

// spend takes from the sender's quotas what a frame costs, or refuses it and
// takes nothing. Who speaks for itself pays as an endpoint; a partner's relay
// pays as an agency besides, for its endpoints and for itself.
func (q *quotas) spend(now time.Time, l *link, partner bool, actor proto.Name, f *wire.Frame) error {
	u, n, octets := useOf(f)
	if u == useNone || l.id == SelfLink || l.peer.Role == proto.RoleNone {
		return nil
	}
	q.prune(now)
	channel, _ := proto.ChannelIDFrom(channelOf(f)) // none: no channel is charged
	var shares []share
	if isUrgent(f) {
		shares = q.urgent(now, l, partner, actor, u)
	} else {
		shares = append(ordinary(l, partner, actor, u, channel, n), ordinary(l, partner, actor, useOctets, channel, octets)...)
		shares = append(shares, target(l, partner, f)...)
	}
	for _, s := range shares {
		if b := q.purses[s.purse]; b != nil && !b.Allows(now, s.rate, s.n) {
			return proto.Refusef(proto.ReasonQuota, "%s: kind %d", s.what, proto.KindOf(f))
		}
	}
	for _, s := range shares {
		q.take(now, s, partner)
	}
	return nil
}

// spendOwn takes n of a use from a partner's quota where the work comes: it is not
// known from the frame alone.
func (q *quotas) spendOwn(now time.Time, l *link, partner bool, u use, n int) error {
	if !partner {
		return nil
	}
	s := share{purse{use: u, agency: l.peer.Agency}, allow(u).partner, float64(n), string(l.peer.Agency)}
	if b := q.purses[s.purse]; b != nil && !b.Allows(now, s.rate, s.n) {
		return proto.Refusef(proto.ReasonQuota, "%s: kind %d", s.what, proto.KindDocument)
	}
	q.take(now, s, partner)
	return nil
}

// ordinary lists the purses that pay for n of a use.
func ordinary(l *link, partner bool, actor proto.Name, u use, channel proto.ChannelID, n int) []share {
	a, list := allow(u), []share(nil)
	add := func(p purse, r proto.Rate, what string) {
		if r.Burst > 0 && n > 0 {
			list = append(list, share{p, r, float64(n), what})
		}
	}
	if actor != (proto.Name{}) {
		add(purse{use: u, agency: actor.Agency, name: actor}, a.endpoint, actor.String())
	}
	if partner {
		add(purse{use: u, agency: l.peer.Agency}, a.partner, string(l.peer.Agency))
	}
	if channel != (proto.ChannelID{}) {
		add(purse{use: u, agency: l.peer.Agency, channel: channel}, a.channel, string(l.peer.Agency)+" in "+channel.Short())
	}
	return list
}

// urgent lists the purses that pay for an emergency: its sender's own, then its
// sender's reserve, and of a partner one that nothing but emergencies use. What
// anybody else has used, or how, does not matter.
func (q *quotas) urgent(now time.Time, l *link, partner bool, actor proto.Name, u use) []share {
	a := allow(u)
	own := share{purse{use: u, agency: actor.Agency, name: actor}, a.endpoint, 1, actor.String()}
	if b := q.purses[own.purse]; b != nil && !b.Allows(now, own.rate, 1) {
		own.urgent, own.rate = true, a.reserve
	}
	if !partner {
		return []share{own}
	}
	return []share{own, {purse{use: u, urgent: true, agency: l.peer.Agency}, a.urgent, 1, string(l.peer.Agency)}}
}

// target is the purse of an endpoint whose key packages a partner fetches.
func target(l *link, partner bool, f *wire.Frame) []share {
	b := f.GetFetchKeyPackage()
	if b == nil || !partner {
		return nil
	}
	name, err := proto.ParseName(b.Name)
	if err != nil {
		return nil
	}
	return []share{{purse{use: useFetch, agency: l.peer.Agency, name: name}, targetRate(), 1, "packages of " + name.String()}}
}

func (q *quotas) take(now time.Time, s share, partner bool) {
	b := q.purses[s.purse]
	if b == nil {
		if partner && s.name != (proto.Name{}) && len(q.purses) >= maxPurses {
			return
		}
		b = new(proto.Bucket)
		q.purses[s.purse] = b
	}
	b.Take(now, s.rate, s.n)
}

// prune forgets purses that are full again.
func (q *quotas) prune(now time.Time) {
	if now.Sub(q.pruned) < pruneEvery {
		return
	}
	q.pruned = now
	maps.DeleteFunc(q.purses, func(p purse, b *proto.Bucket) bool { return b.Full(now, p.rate()) })
}

// rate returns the purse's row of the table.
func (p purse) rate() proto.Rate {
	a := allow(p.use)
	switch {
	case p.use == useFetch && p.name != (proto.Name{}) && p.name.Agency != p.agency:
		return targetRate()
	case p.urgent && p.name == proto.Name{}:
		return a.urgent
	case p.urgent:
		return a.reserve
	case p.channel != proto.ChannelID{}:
		return a.channel
	case p.name == proto.Name{}:
		return a.partner
	}
	return a.endpoint
}
