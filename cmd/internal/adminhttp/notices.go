package adminhttp

import (
	"fmt"
	"time"

	"crossband/proto"
	"crossband/relay"
)

// Notices is how it stands with change notices. A relay shows it in its status, and
// keeps it in a file for the tool.
type Notices struct {
	Agency      string        `json:"agency"` // whose relay this is
	Held        []Notice      `json:"held"`   // by agency and beginning
	Unannounced []Unannounced `json:"unannounced"`
}

// Notice is one change notice, an own one or a partner's.
type Notice struct {
	ID         string         `json:"id"`
	Agency     string         `json:"agency"`
	To         []string       `json:"to"`
	Kind       string         `json:"kind"`
	Title      string         `json:"title"`
	Text       string         `json:"text,omitempty"`
	Says       string         `json:"says,omitempty"` // its parameters, in words
	Issued     time.Time      `json:"issued"`
	Came       time.Time      `json:"came"` // here
	Begins     time.Time      `json:"begins"`
	Ends       time.Time      `json:"ends"`
	Replaces   string         `json:"replaces,omitempty"`
	ReplacedBy string         `json:"replaced_by,omitempty"` // then it counts no more
	Stage      string         `json:"stage"`
	Answers    []NoticeAnswer `json:"answers"`
	Does       []Breakage     `json:"does"`
}

// NoticeAnswer is one agency's answer.
type NoticeAnswer struct {
	Agency  string    `json:"agency"`
	Objects bool      `json:"objects"` // else it has been seen
	Text    string    `json:"text,omitempty"`
	At      time.Time `json:"at"`
}

// Breakage is one thing that the change does.
type Breakage struct {
	Code     string   `json:"code"`
	For      string   `json:"for"`
	Breaks   bool     `json:"breaks"` // something stops working unless somebody acts
	Channels []string `json:"channels,omitempty"`
	Text     string   `json:"text"`
}

// Unannounced is a change at a partner's relay that no notice covers.
type Unannounced struct {
	Agency string    `json:"agency"`
	What   string    `json:"what"`
	Before string    `json:"before"`
	After  string    `json:"after"`
	At     time.Time `json:"at"`
	Why    string    `json:"why,omitempty"`   // if a notice comes near
	Times  int       `json:"times,omitempty"` // more than once: how often
}

// Often says how often it has changed; empty for once.
func (u *Unannounced) Often() string {
	if u.Times > 1 {
		return fmt.Sprintf(", %d times", u.Times)
	}
	return ""
}

// LookAtNotices returns what a relay knows of change notices.
func LookAtNotices(n *relay.Node) Notices {
	out := Notices{Agency: string(n.Name().Agency), Held: []Notice{}, Unannounced: []Unannounced{}}
	state := n.Notices()
	if state == nil {
		return out
	}
	for _, h := range state.Held {
		out.Held = append(out.Held, noticeOf(h))
	}
	for _, c := range state.Unannounced {
		u := Unannounced{string(c.Agency), string(c.What), c.Before, c.After, c.At.UTC(), c.Why, 0}
		if c.Times > 1 {
			u.Times = c.Times
		}
		out.Unannounced = append(out.Unannounced, u)
	}
	return out
}

func noticeOf(h relay.NoticeState) Notice {
	n := Notice{
		ID: h.ID.String(), Agency: string(h.Agency), Kind: h.Kind.String(), Title: h.Title, Text: h.Text, Says: h.Says(),
		Issued: h.Issued.UTC(), Came: h.Came.UTC(), Begins: h.Begins.UTC(), Ends: h.Ends.UTC(), Stage: h.Stage.String(),
		Answers: []NoticeAnswer{}, Does: []Breakage{},
	}
	for _, a := range h.To {
		n.To = append(n.To, string(a))
	}
	if h.Replaces != (proto.NoticeID{}) {
		n.Replaces = h.Replaces.String()
	}
	if h.ReplacedBy != (proto.NoticeID{}) {
		n.ReplacedBy = h.ReplacedBy.String()
	}
	for _, a := range h.Answers {
		n.Answers = append(n.Answers, NoticeAnswer{string(a.By), a.Objects, a.Text, a.Issued.UTC()})
	}
	for _, b := range h.Does {
		n.Does = append(n.Does, Breakage{string(b.Code), string(b.For), b.Breaks, b.Channels, b.Text})
	}
	return n
}

// Answer returns an agency's answer, or nil.
func (n *Notice) Answer(agency string) *NoticeAnswer {
	for i := range n.Answers {
		if n.Answers[i].Agency == agency {
			return &n.Answers[i]
		}
	}
	return nil
}

// InForce reports whether the notice counts at now: not replaced, not over, and not
// itself one that only takes another back.
func (n *Notice) InForce(now time.Time) bool {
	return n.ReplacedBy == "" && n.Kind != proto.NoticeWithdrawn.String() && now.Before(n.Ends)
}

// Maintenance returns an agency's announced maintenance that is under way, or nil.
func (n *Notices) Maintenance(agency string, now time.Time) *Notice {
	for i := range n.Held {
		if h := &n.Held[i]; h.Agency == agency && h.Kind == proto.NoticeMaintenance.String() && h.InForce(now) && !now.Before(h.Begins) {
			return h
		}
	}
	return nil
}

// Times from which on a notice is worth a warning.
const (
	warnChange   = 30 * 24 * time.Hour // it breaks something
	warnNoAnswer = 7 * 24 * time.Hour  // a partner has not answered ours
)

// Warnings lists what an administrator should look at: what has changed unannounced,
// what a coming change breaks, what wants an answer.
func (n *Notices) Warnings(now time.Time) (list []Warning) {
	add := func(problem bool, format string, args ...any) {
		list = append(list, Warning{problem, "notice", fmt.Sprintf(format, args...)})
	}
	for _, c := range n.Unannounced {
		why := ""
		if c.Why != "" {
			why = "; " + c.Why
		}
		add(true, "%s has changed without notice%s, %s: %s was %s, is %s%s; ask them, by telephone: crossband notice list", c.Agency, c.Often(), stamp(c.At), c.What, c.Before, c.After, why)
	}
	for i := range n.Held {
		if h := &n.Held[i]; h.InForce(now) {
			n.warn(h, now, add)
		}
	}
	return list
}

func (n *Notices) warn(h *Notice, now time.Time, add func(bool, string, ...any)) {
	begun := !now.Before(h.Begins)
	lasting := h.Kind != proto.NoticeMaintenance.String() // what breaks in maintenance comes back by itself
	for _, b := range h.Does {
		if b.Breaks && h.Begins.Sub(now) < warnChange {
			add(begun && lasting, "%q of %s, %s: %s", h.Title, h.Agency, until(h, now), b.Text)
		}
	}
	if h.Agency != n.Agency {
		if h.Answer(n.Agency) == nil {
			add(false, "%q of %s, %s, wants an answer: crossband notice ack %.8s", h.Title, h.Agency, until(h, now), h.ID)
		}
		return
	}
	for _, a := range h.To {
		answer := h.Answer(a)
		switch {
		case answer != nil && answer.Objects:
			add(false, "%s objects to %q, %s: %s", a, h.Title, until(h, now), answer.Text)
		case answer == nil && h.Begins.Sub(now) < warnNoAnswer:
			add(false, "%s has not answered %q, %s", a, h.Title, until(h, now))
		}
	}
}

// until is the countdown in words.
func until(h *Notice, now time.Time) string {
	switch left := h.Begins.Sub(now); {
	case left <= 0:
		return "under way until " + stamp(h.Ends)
	case left > 48*time.Hour:
		return fmt.Sprintf("in %d days", int(left.Hours()/24))
	default:
		return "in " + left.Round(time.Minute).String()
	}
}

// Until is the countdown to a notice in words.
func (n *Notice) Until(now time.Time) string {
	if !now.Before(n.Ends) {
		return "over since " + stamp(n.Ends)
	}
	return until(n, now)
}
