package agreement

import (
	"slices"

	"crossband/proto"
	"crossband/proto/wire"
)

// Rules are those of a charter, to be signed.
type Rules = wire.Charter

func rules(a *proto.Agreement, c *proto.AgreedChannel) *Rules {
	r := &wire.Charter{
		Owner: string(c.Owners[0]), Kind: wire.Charter_Kind(c.Kind), Title: c.Title, Suite: uint32(c.Suite), Storage: wire.Charter_Storage(c.Storage),
		TalkLimitMs: uint32(c.TalkLimit.Milliseconds()), ExpiresMs: a.Ends.UnixMilli(), Exercise: a.Exercise, Agreement: a.ID[:],
		Parties: parties(a, c),
	}
	if c.Kind != proto.KindCalling {
		return r
	}
	for i := range a.Channels {
		if a.Channels[i].Kind == proto.KindIncident {
			r.Template = parties(a, &a.Channels[i])
		}
	}
	for _, s := range a.Ladder {
		m := &wire.Charter_Step{AfterMs: uint32(s.After.Milliseconds())}
		for _, n := range s.Page {
			m.Page = append(m.Page, n.String())
		}
		r.Ladder = append(r.Ladder, m)
	}
	r.RearmMs = uint32(a.Rearm.Milliseconds())
	return r
}

// parties are those of a channel, its observers last.
func parties(a *proto.Agreement, c *proto.AgreedChannel) (list []*wire.Charter_Party) {
	for _, p := range c.Parties {
		m := &wire.Charter_Party{Agency: string(p.Agency), Send: words(p.Send), Listen: words(p.Listen), Hail: words(p.Hail), MaxPriority: uint32(p.MaxPriority)}
		for _, n := range p.Only {
			m.Only = append(m.Only, n.String())
		}
		list = append(list, m)
	}
	for _, o := range a.Observers {
		if slices.Contains(o.Channels, c.Name) {
			list = append(list, &wire.Charter_Party{Agency: string(o.Agency), Listen: words(o.Roles), ObserverUntilMs: o.Until.UnixMilli()})
		}
	}
	return list
}

func words(roles []proto.Role) []string {
	list := make([]string, len(roles))
	for i, r := range roles {
		list[i] = r.String()
	}
	return list
}
