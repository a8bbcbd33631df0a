package console

import (
	"context"
	"sync"

	"crossband/client"
	"crossband/proto"
)

// joiner takes this endpoint into the channels of the incidents that it has accepted: who
// has pressed "accept" is to hear and speak there without another press.
type joiner struct {
	s    *Server
	mu   sync.Mutex                   // guards what follows
	list map[proto.MessageID]struct{} // hails accepted here whose incidents have no channel yet
}

// maxExpected bounds the list; beyond it one joins by hand.
const maxExpected = 256

func newJoiner(s *Server) *joiner {
	return &joiner{s: s, list: make(map[proto.MessageID]struct{})}
}

// expect notes that a hail is being accepted here.
func (j *joiner) expect(h *client.Hail) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.list) < maxExpected {
		j.list[h.ID()] = struct{}{}
	}
}

func (j *joiner) forget(id proto.MessageID) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.list, id)
}

// opened is told that an incident has its channel.
func (j *joiner) opened(e client.IncidentOpened) {
	j.mu.Lock()
	_, ours := j.list[e.Hail]
	delete(j.list, e.Hail)
	j.mu.Unlock()
	if !ours {
		return
	}
	j.s.tasks.Go(func() { // ends within joinTimeout, or with the server
		ctx, cancel := context.WithTimeout(j.s.ctx, joinTimeout)
		defer cancel()
		if _, err := j.s.cfg.Session.Join(ctx, e.Channel); err != nil && j.s.ctx.Err() == nil {
			j.s.log.Warn("console: incident not joined", "channel", e.Channel.Short(), "why", err.Error())
		}
	})
}
