package console

import (
	"context"
	"slices"
	"sync"

	"crossband/client"
	"crossband/proto"
)

// joiner takes this endpoint into the channels of the incidents that it has accepted: who
// has pressed "accept" is to hear and speak there without another press.
//
// The caller's endpoint takes it in by itself, by a key package. This is for when it
// cannot, or is in no hurry.
type joiner struct {
	join func(proto.ChannelID) // begins to
	mu   sync.Mutex            // guards what follows
	list []proto.MessageID     // hails accepted here whose incidents have no channel yet, the newest last
}

// maxExpected bounds the list; the oldest goes, and its incident is joined by hand. Many
// stay for good: of calls that were cancelled, or were committed to after they had their
// channel.
const maxExpected = 256

func newJoiner(join func(proto.ChannelID)) *joiner { return &joiner{join: join} }

// expect notes that a hail is being accepted here.
func (j *joiner) expect(id proto.MessageID) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.forgetLocked(id)
	if len(j.list) == maxExpected {
		j.list = j.list[1:]
	}
	j.list = append(j.list, id)
}

func (j *joiner) forget(id proto.MessageID) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.forgetLocked(id)
}

// forgetLocked reports whether the hail was expected.
func (j *joiner) forgetLocked(id proto.MessageID) bool {
	n := len(j.list)
	j.list = slices.DeleteFunc(j.list, func(x proto.MessageID) bool { return x == id })
	return len(j.list) < n
}

// opened is told that an incident has its channel.
func (j *joiner) opened(e client.IncidentOpened) {
	j.mu.Lock()
	ours := j.forgetLocked(e.Hail)
	j.mu.Unlock()
	if ours {
		j.join(e.Channel)
	}
}

// joinIncident begins to come into the channel of an accepted incident.
func (s *Server) joinIncident(id proto.ChannelID) {
	s.tasks.Go(func() { // ends within joinTimeout, or with the server
		ctx, cancel := context.WithTimeout(s.ctx, joinTimeout)
		defer cancel()
		if _, err := s.cfg.Session.Join(ctx, id); err != nil && s.ctx.Err() == nil {
			s.log.Warn("console: incident not joined", "channel", id.Short(), "why", err.Error())
		}
	})
}
