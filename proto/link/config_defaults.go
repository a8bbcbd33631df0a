package link

import (
	"fmt"
	"time"

	"crossband/proto"
)

const (
	maxSoftware   = 200 // octets of a greeting's free text
	maxCapability = 64  // octets of one capability's name
)

// withDefaults checks the configuration and fills in what was left zero.
func (c Config) withDefaults() (Config, error) {
	if c.VersionMin == 0 {
		c.VersionMin = proto.VersionMin
	}
	if c.VersionMax == 0 {
		c.VersionMax = max(proto.VersionMax, c.VersionMin)
	}
	if c.VersionMin > c.VersionMax {
		return c, fmt.Errorf("%w: versions %d to %d", errConfig, c.VersionMin, c.VersionMax)
	}
	if c.Capabilities == nil {
		c.Capabilities = Capabilities()
	}
	c.Capabilities = offered(c.Capabilities)
	if len(c.Capabilities) > proto.MaxCapabilities {
		return c, fmt.Errorf("%w: %d capabilities, limit %d", errConfig, len(c.Capabilities), proto.MaxCapabilities)
	}
	if len(c.Software) > maxSoftware {
		return c, fmt.Errorf("%w: software text of %d octets, limit %d", errConfig, len(c.Software), maxSoftware)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Limits = c.Limits.withDefaults()
	return c, nil
}

func (l Limits) withDefaults() Limits {
	return Limits{
		ControlFrames: orElse(l.ControlFrames, 256),
		ControlOctets: orElse(l.ControlOctets, 4<<20),
		VoiceFrames:   orElse(l.VoiceFrames, 64),
		VoiceInbox:    orElse(l.VoiceInbox, 64),
		Handshakes:    orElse(l.Handshakes, 1024),
		RetryAbove:    orElse(l.RetryAbove, 128),
		AddressRate:   orElse(l.AddressRate, 100),
		Greetings:     orElse(l.Greetings, 1024),
		GreetingsEach: orElse(l.GreetingsEach, 8),
		Enrolments:    orElse(l.Enrolments, 64),
		GreetTime:     orElse(l.GreetTime, 5*time.Second),
		FrameTime:     orElse(l.FrameTime, 10*time.Second),
		StallTime:     orElse(l.StallTime, 5*time.Second),
		DrainTime:     orElse(l.DrainTime, 250*time.Millisecond),
		EnrolTime:     orElse(l.EnrolTime, 30*time.Second),
	}
}

func orElse[T int | time.Duration](v, otherwise T) T {
	if v <= 0 {
		return otherwise
	}
	return v
}
