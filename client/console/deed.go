package console

// Deed is what a person did on the page: POST /api/do. The answer is 200 and an
// Outcome: what was refused is refused there, with the reason that the other end has.
type Deed struct {
	Do    string `json:"do"`
	Page  string `json:"page,omitempty"`  // that the page gave itself at GET /api/events?page=; a press ends with it
	Press string `json:"press,omitempty"` // press, release: the page's own number for it; a release that comes first keeps the press from beginning

	Channel   string            `json:"channel,omitempty"`
	Channels  []string          `json:"channels,omitempty"` // press: on all of them at once
	Call      string            `json:"call,omitempty"`
	Incident  string            `json:"incident,omitempty"`
	Into      string            `json:"into,omitempty"`
	Name      string            `json:"name,omitempty"` // a device or desk
	Text      string            `json:"text,omitempty"` // a text, or a note
	Phrase    string            `json:"phrase,omitempty"`
	Slots     map[string]string `json:"slots,omitempty"` // as the command line writes them
	Priority  string            `json:"priority,omitempty"`
	State     string            `json:"state,omitempty"`  // reply: accepted, committed, declined, cancelled, released
	Reason    string            `json:"reason,omitempty"` // of a decline: a refusal's code; empty: the phrase says why, or there is no unit
	As        string            `json:"as,omitempty"`     // close: a disposition
	Exercise  bool              `json:"exercise,omitempty"`
	Message   string            `json:"message,omitempty"`
	Alarm     int               `json:"alarm,omitempty"`
	Language  string            `json:"language,omitempty"`
	Minutes   int               `json:"minutes,omitempty"` // patch: how long at most
	Patch     string            `json:"patch,omitempty"`   // unpatch
	Latitude  float64           `json:"lat,omitempty"`
	Longitude float64           `json:"lon,omitempty"`
	Accuracy  int               `json:"accuracy_m,omitempty"`
}

// Deeds, and what each needs.
const (
	DoJoin      = "join"       // channel
	DoPress     = "press"      // channels, priority; voice is taken from the page's track
	DoRelease   = "release"    //
	DoText      = "text"       // channel, text
	DoShown     = "shown"      // message: a person has read it
	DoHail      = "hail"       // channel, name, phrase, slots, text, priority, exercise
	DoReply     = "reply"      // call, state, reason, phrase, slots
	DoHandOver  = "hand-over"  // incident, name, text
	DoMerge     = "merge"      // incident, into, text
	DoRearm     = "rearm"      // incident, text
	DoClose     = "close"      // incident, as, text
	DoOnDuty    = "on-duty"    // channel, name, text
	DoOffDuty   = "off-duty"   // channel, name, text
	DoDutyTo    = "duty-to"    // channel, name (the desk), into (who takes over), text
	DoPosition  = "position"   // channel, lat, lon, accuracy
	DoAlarmSeen = "alarm-seen" // alarm
	DoLanguage  = "language"   // language
	DoPatch     = "patch"      // channels, minutes
	DoUnpatch   = "unpatch"    // patch
	DoListen    = "listen"     // channel, state: on, off
)

// Outcome is what became of a Deed.
type Outcome struct {
	Done    bool   `json:"done"`
	Waits   bool   `json:"waits"` // it is in the outbox: it goes when it can
	Code    int    `json:"code"`  // of the refusal
	Says    string `json:"says"`  // in the page's language
	Call    string `json:"call,omitempty"`
	Message string `json:"message,omitempty"`
}
