package console

import "time"

// PressState is how the own press on a channel stands.
type PressState struct {
	State string        // idle, asked, queued, granted, denied, warned
	Queue int           // our place, when queued
	Left  time.Duration // of our turn, when granted or warned
	Why   error         // of a denial or an end
	Press string        // the number that whoever pressed gave it; empty: none
}
