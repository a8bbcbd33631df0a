package relay

import "crossband/proto"

// Queue is one bounded queue of a node; where there are many of a kind, the
// fullest of them.
type Queue struct {
	Label   string // in metrics
	Name    string // to people
	Depth   int
	Bound   int
	Drops   *uint64 // what it has lost at its bound so far; nil: it does not count that
	AtBound string  // what happens there
}

// Queues lists the queues that can be told from a node's figures and from what
// its loop has published. Without a state those that only the loop knows are
// left out.
func Queues(f Figures, s *State) []Queue {
	var control, voice int
	var dropped uint64
	for _, t := range f.Links {
		control, voice = max(control, t.ControlLongest), max(voice, t.VoiceLongest)
		dropped += t.Dropped.Full + t.Dropped.Stale
	}
	slow, l := f.refused(RefusedLinkByUs, proto.ReasonSlow), f.Listener
	list := []Queue{
		{"node_events", "events for the loop", f.Waiting, f.MostWait, nil, "readers of links wait"},
		{"link_control_longest", "control frames of a link", control, f.Limits.ControlFrames, &slow, "the link closes (602)"},
		{"link_voice_longest", "voice frames of a link", voice, f.Limits.VoiceFrames, &dropped, "the oldest goes"},
		{"handshakes", "handshakes", l.Handshakes, l.Limits.Handshakes, &l.TurnedAway, "newcomers are turned away"},
		{"greetings", "greetings", l.Greetings, l.Limits.Greetings, nil, "refused (600)"},
		{"enrolments", "enrolments", l.Enrolments, l.Limits.Enrolments, nil, "refused (600)"},
	}
	if s == nil {
		return list
	}
	return append(list, s.queues(f.refused(RefusedFloor, proto.ReasonFloorQueue))...)
}

// queues lists those of the hub. denied are the presses that found the floor's
// queue full.
func (s *State) queues(denied uint64) []Queue {
	var floor, log, pending int
	for _, ch := range s.Hub.Channels {
		floor = max(floor, ch.FloorQueue)
		if ch.Hub {
			log = max(log, int(ch.Head))
		}
	}
	for _, p := range s.Hub.Pending {
		pending = max(pending, p.Count)
	}
	return []Queue{
		{"forwarded_longest", "requests to a peer", pending, proto.MaxPending, nil, "refused (601)"},
		{"floor_longest", "floor of a channel", floor, proto.MaxFloorQueue, &denied, "denied (401)"},
		{"welcomes_fullest", "welcomes of an endpoint", s.Hub.Fullest, proto.MaxWelcomes, nil, "the oldest goes"},
		{"log_longest", "log of a channel", log, proto.MaxLog, nil, "refused (600)"},
		{"channels", "channels", len(s.Hub.Channels), proto.MaxChannels, nil, "refused (600)"},
	}
}

// refused is how often one code was the reason of one kind of refusal.
func (f Figures) refused(kind Refused, code proto.Reason) (n uint64) {
	for _, r := range f.Refusals {
		if r.Kind == kind && r.Code == code {
			n += r.Count
		}
	}
	return n
}
