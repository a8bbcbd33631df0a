package console

import (
	"time"

	"crossband/proto"
)

// Spoken is a burst that can be heard again.
type Spoken struct {
	ID      proto.BurstID
	Channel proto.ChannelID
	From    proto.Name
	At      time.Time
	Length  time.Duration
	Over    bool
	Heard   bool // played as it came
}
