package hook

import (
	"context"
	"errors"
	"time"

	"crossband/proto"
)

// Call says which hail of which incident an alert is about.
type Call struct {
	Source   string // the configured source
	Alert    Alert
	Hail     proto.MessageID
	Incident proto.IncidentID
	Exercise bool
}

// Raise is a hail to be made.
type Raise struct {
	Call
	Urgency proto.Priority
	Late    time.Duration // how late a short-lived alert is; 0: in time
	Summary int           // it stands for so many alerts that did not ring by themselves; 0: for itself
}

// Update is news about a hail that was made.
type Update struct {
	Call
	Message proto.MessageID // of the text that tells it
	Repeat  bool            // nothing new: only whether the hail still stands matters
}

// Cancel ends a hail that was made.
type Cancel struct {
	Call
	Reply   proto.MessageID // of the reply that ends it
	Message proto.MessageID // of a text that tells it
}

// Raiser makes hails: an enrolled endpoint of the agency. Each method returns nil
// when what was asked is on its way for good, or was before: it is asked again
// after a crash, with the same identifiers. An error that wraps ErrRefused says that
// it is not on its way and never will be under these identifiers; after any other
// it is asked again as it was. Raise is called while one of the others is under way;
// none of the others is. What a method waits for must end with its ctx.
type Raiser interface {
	Raise(ctx context.Context, r Raise) error
	// Update returns ErrOver when the hail rings no more and nobody took it.
	Update(ctx context.Context, u Update) error
	Cancel(ctx context.Context, c Cancel) error
	// Known reports whether a hail that was on its way still is, or has been seen on
	// the channel.
	Known(ctx context.Context, hail proto.MessageID) (bool, error)
}

// Errors of a Raiser.
var (
	ErrOver    = errors.New("hook: the hail rings no more")
	ErrRefused = errors.New("hook: refused")
)
