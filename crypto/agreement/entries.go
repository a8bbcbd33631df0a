package agreement

import (
	"math"

	"crossband/proto"
)

func (c *channel) agreed() (entry proto.AgreedChannel, err error) {
	where := "channel " + c.Name
	entry = proto.AgreedChannel{Name: c.Name, Title: c.Title, Suite: uint16(min(max(c.Suite, 0), math.MaxUint16))}
	if entry.Kind, err = kind(c.Kind); err != nil {
		return entry, within(where, err)
	}
	if entry.Owners, err = c.owners(entry.Kind); err != nil {
		return entry, within(where, err)
	}
	switch c.Storage {
	case "none":
		entry.Storage = proto.StorageNone
	case "sealed":
		entry.Storage = proto.StorageSealed
	default:
		return entry, bad("%s: storage %.40q: want none or sealed", where, c.Storage)
	}
	if entry.TalkLimit, err = duration(where+": talk-limit", c.TalkLimit, proto.TalkLimit); err != nil {
		return entry, err
	}
	for _, p := range c.Parties {
		agreed, err := p.agreed()
		if err != nil {
			return entry, within(where, err)
		}
		entry.Parties = append(entry.Parties, agreed)
	}
	return entry, nil
}

func kind(word string) (proto.CharterKind, error) {
	for k := proto.KindCalling; k <= proto.KindPatrol; k++ {
		if k.String() == word {
			return k, nil
		}
	}
	return 0, bad("kind %.40q: want calling, standing, incident or patrol", word)
}

func (c *channel) owners(k proto.CharterKind) ([]proto.Agency, error) {
	lasting := k == proto.KindCalling || k == proto.KindStanding
	switch {
	case lasting && (c.Owner == "" || len(c.OpenedBy) > 0):
		return nil, bad("a %s channel has one owner", k)
	case !lasting && (c.Owner != "" || len(c.OpenedBy) == 0):
		return nil, bad("opened-by names who may open %s channels", k)
	case lasting:
		return agencies("owner", []string{c.Owner})
	}
	return agencies("opened-by", c.OpenedBy)
}

func (p *party) agreed() (entry proto.Party, err error) {
	if entry.Agency, err = proto.ParseAgency(p.Agency); err != nil {
		return entry, err
	}
	if entry.Send, err = roles(p.Speak); err != nil {
		return entry, err
	}
	if entry.Hail, err = roles(p.Hail); err != nil {
		return entry, err
	}
	if entry.Listen, err = roles(p.Listen); err != nil {
		return entry, err
	}
	if p.Priority != "" {
		if entry.MaxPriority, err = proto.ParsePriority(p.Priority); err != nil {
			return entry, err
		}
	}
	entry.Only, err = names(p.Only)
	return entry, err
}

func roles(words []string) (list []proto.Role, err error) {
	for _, w := range words {
		r, err := proto.ParseRole(w)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

func names(words []string) (list []proto.Name, err error) {
	for _, w := range words {
		n, err := proto.ParseName(w)
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, nil
}

func (o *watcher) agreed() (entry proto.AgreedObserver, err error) {
	if entry.Agency, err = proto.ParseAgency(o.Agency); err != nil {
		return entry, within("observer", err)
	}
	if entry.Roles, err = roles(o.Roles); err != nil {
		return entry, within("observer "+o.Agency, err)
	}
	entry.Channels = o.Channels
	entry.Until, err = moment("observer "+o.Agency+": until", o.Until)
	return entry, err
}

func (l *ladder) agreed(a *proto.Agreement) (err error) {
	if a.Rearm, err = duration("ladder: rearm", l.Rearm, 0); err != nil {
		return err
	}
	for _, s := range l.Steps {
		after, err := duration("ladder: after", s.After, 0)
		if err != nil {
			return err
		}
		page, err := names(s.Page)
		if err != nil {
			return within("ladder", err)
		}
		a.Ladder = append(a.Ladder, proto.LadderStep{After: after, Page: page})
	}
	return nil
}
