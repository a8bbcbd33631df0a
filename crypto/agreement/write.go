package agreement

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"crossband/proto"
)

// Write returns the text of an agreement, with comments for who negotiates it. What
// it writes ParseText reads back.
func Write(a *proto.Agreement) []byte {
	w := &writer{}
	w.line("# Agreement between agencies. Exactly this text is what each of them signs:")
	w.line("# whatever is changed afterwards needs every signature anew.")
	w.line("format = %d", Format)
	if a.Revision > 0 {
		w.line("id = %q # of the first revision", a.ID.String())
	}
	w.line("revision = %d", a.Revision)
	w.line("title = %s", quoted(a.Title))
	w.line("parties = %s", list(a.Parties))
	w.line("status = %q # actual, or exercise: then nothing real may go over its channels", map[bool]string{false: "actual", true: "exercise"}[a.Exercise])
	w.line("begins = %s", utc(a.Begins))
	w.line("ends = %s", utc(a.Ends))
	w.line("countdown = %q # warning before anything ends that a party has withdrawn", a.Countdown.String())
	for i := range a.Channels {
		w.channel(&a.Channels[i])
	}
	for i := range a.Observers {
		w.observer(&a.Observers[i])
	}
	w.ladder(a)
	return []byte(w.b.String())
}

type writer struct{ b strings.Builder }

func (w *writer) line(format string, args ...any) {
	fmt.Fprintf(&w.b, format+"\n", args...)
}

// about is what stands above each kind of channel.
func about(k proto.CharterKind) string {
	switch k {
	case proto.KindCalling:
		return "# Where the agencies hail each other. Owner: whose relay is its hub."
	case proto.KindIncident:
		return "# What an accepted hail may open, as often as there is need."
	case proto.KindPatrol:
		return "# What may be opened for a pair of units, for a shift."
	}
	return "# A lasting channel. Owner: whose relay is its hub."
}

func (w *writer) channel(c *proto.AgreedChannel) {
	w.line("\n%s\n[[channel]]", about(c.Kind))
	w.line("name = %q", c.Name)
	w.line("title = %s", quoted(c.Title))
	w.line("kind = %q", c.Kind)
	if c.Kind == proto.KindCalling || c.Kind == proto.KindStanding {
		w.line("owner = %q", c.Owners[0])
	} else {
		w.line("opened-by = %s", list(c.Owners))
	}
	w.line("suite = %d # 7: AES-256 on P-384; 2: AES-128 on P-256, for small devices", c.Suite)
	w.line("storage = %q # sealed: relays of all parties keep its messages, which none can read; none: only the sender's", map[proto.Storage]string{proto.StorageNone: "none", proto.StorageSealed: "sealed"}[c.Storage])
	w.line("talk-limit = %q", c.TalkLimit.String())
	for i := range c.Parties {
		w.party(c, &c.Parties[i])
	}
}

func (w *writer) party(c *proto.AgreedChannel, p *proto.Party) {
	w.line("\n[[channel.party]]")
	w.line("agency = %q", p.Agency)
	w.line("speak = %s # and hear", list(p.Send))
	if c.Kind == proto.KindCalling {
		w.line("hail = %s", list(p.Hail))
	}
	if len(p.Listen) > 0 {
		w.line("listen = %s # and never speak", list(p.Listen))
	}
	if len(p.Send) > 0 {
		w.line("priority = %q # the highest it may use", p.MaxPriority)
	}
	if len(p.Only) > 0 {
		w.line("only = %s # of those roles nobody else", list(p.Only))
	}
}

func (w *writer) observer(o *proto.AgreedObserver) {
	w.line("\n# A third agency that hears and reads, cannot send, and is shown to everybody.\n[[observer]]")
	w.line("agency = %q", o.Agency)
	w.line("roles = %s", list(o.Roles))
	w.line("channels = %s", list(o.Channels))
	w.line("until = %s", utc(o.Until))
}

func (w *writer) ladder(a *proto.Agreement) {
	if len(a.Ladder) == 0 {
		return
	}
	w.line("\n# Whom else a hail reaches that nobody has accepted, so long after it was made.\n[ladder]")
	if a.Rearm > 0 {
		w.line("rearm = %q # it begins again so long after an acceptance that nothing followed", a.Rearm.String())
	}
	for _, s := range a.Ladder {
		w.line("\n[[ladder.step]]")
		w.line("after = %q", s.After.String())
		w.line("page = %s", list(s.Page))
	}
}

func utc(t time.Time) string { return t.UTC().Truncate(time.Second).Format(time.RFC3339) }

func list[T any](items []T) string {
	words := make([]string, len(items))
	for i, x := range items {
		words[i] = quoted(fmt.Sprint(x))
	}
	return "[" + strings.Join(words, ", ") + "]"
}

// quoted writes a string as TOML reads it: Latin letters as they are.
func quoted(s string) string {
	return strings.ReplaceAll(strconv.Quote(s), `\x`, `\u00`)
}
