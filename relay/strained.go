package relay

import (
	"time"

	"crossband/proto"
	"crossband/proto/link"
	"crossband/proto/wire"
	"crossband/relay/hub"
)

// stream is voice on one link in one direction, by its receiver's number.
type stream struct {
	link  hub.LinkID
	alias proto.Alias
}

// strains is what the loop knows of voice that does not get to those who hear it.
// It lies beside the hub: it decides nothing about channels.
type strains struct {
	looked time.Time
	rules  map[stream]*strainRule // of voice that comes in; none without voice for strainLife
	words  map[stream]strainWord  // of voice that goes out to partners' relays: of all that the last look found
}

// strainWord is what a partner's relay has said of voice that it is sent.
type strainWord struct {
	lost link.Strain
	at   time.Time
	from stream // the voice as it comes in here
}

// now returns what is left of it.
func (w strainWord) now(now time.Time) (p partnerWord) {
	age := now.Sub(w.at)
	if age < strainFresh {
		p.lost = w.lost
	}
	p.holds = w.lost > 0 && age < strainHold
	return p
}

func newStrains() strains {
	return strains{rules: make(map[stream]*strainRule), words: make(map[stream]strainWord)}
}

// strainSaid takes in a partner's word on voice that we send it, and passes it on.
// Under a number that carries none now, or of no possible loss, it is counted and
// forgotten.
func (l *loop) strainSaid(from hub.LinkID, b *wire.VoiceStrain, now time.Time) {
	out := stream{from, proto.Alias(b.Alias)}
	w, heard := l.strains.words[out]
	if !heard || b.Lost > 1000 {
		l.n.counters.strainIgnored.Add(1)
		return
	}
	w.lost, w.at = link.Strain(b.Lost), now
	l.strains.words[out] = w
	p, rule := l.ports[w.from.link], l.strains.rules[w.from]
	if p == nil || rule == nil || p.route(w.from.alias) == nil {
		return // whoever spoke has let go
	}
	lost, say := rule.judge(now, wordOf(l.receivers(p.route(w.from.alias), now, nil)))
	l.tellStrain(w.from, lost, say)
}

// rule returns what is known of voice that comes in.
func (x *strains) rule(s stream) *strainRule {
	if x.rules[s] == nil {
		x.rules[s] = new(strainRule)
	}
	return x.rules[s]
}

// lookForStrain looks, once a second, at every route on which voice has passed.
func (l *loop) lookForStrain(now time.Time) {
	if now.Sub(l.strains.looked) < strainLook {
		return
	}
	l.strains.looked = now
	words, looks := make(map[stream]strainWord), make(map[*link.Conn]link.Strain, len(l.ports))
	for _, p := range l.ports { // each second, so that no look is about a pause
		looks[p.conn] = p.conn.Strain()
	}
	for id, p := range l.ports {
		t := p.routes.Load()
		if t == nil {
			continue
		}
		for alias, r := range *t {
			if !r.spoke(now) {
				continue
			}
			s := stream{id, alias}
			for _, o := range r.Out {
				if to := l.ports[o.Link]; to != nil && to.relay() {
					w := l.strains.words[stream{o.Link, o.Alias}]
					w.from = s
					words[stream{o.Link, o.Alias}] = w
				}
			}
			lost, say := l.strains.rule(s).look(now, l.receivers(r, now, looks))
			l.tellStrain(s, lost, say)
		}
	}
	l.strains.words = words
	for s, rule := range l.strains.rules {
		if l.ports[s.link] == nil || now.Sub(rule.heard) >= strainLife {
			delete(l.strains.rules, s)
		}
	}
}

// receivers lists how voice fares for those who hear a route. looks holds what this
// look has found of each link; nil: only partners' words are wanted.
func (l *loop) receivers(r *route, now time.Time, looks map[*link.Conn]link.Strain) []receiver {
	list := make([]receiver, 0, len(r.Out))
	for _, o := range r.Out {
		p := l.ports[o.Link]
		if p == nil {
			continue
		}
		c := receiver{relay: p.relay(), word: l.strains.words[stream{o.Link, o.Alias}].now(now)}
		c.lost = looks[p.conn]
		list = append(list, c)
	}
	return list
}

// relay reports whether the link leads to a relay.
func (p *port) relay() bool { return p.conn.Peer().Role == proto.RoleRelay }

func (l *loop) tellStrain(s stream, lost link.Strain, say bool) {
	if !say {
		return
	}
	l.n.counters.strainTold.Add(1)
	l.send(s.link, &wire.Frame{Body: &wire.Frame_VoiceStrain{VoiceStrain: &wire.VoiceStrain{Alias: uint32(s.alias), Lost: uint32(lost)}}})
}
