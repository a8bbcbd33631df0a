package client

import "crossband/proto/link"

// inbound sums what links have counted of voice on its way to this device.
type inbound struct{ unread, lane, forged, replayed uint64 }

func (i *inbound) add(s link.Stats) {
	i.unread += s.Dropped.Unread
	i.lane += s.Lane.Received
	i.forged += s.Lane.Forged
	i.replayed += s.Lane.Replayed
}

func (i inbound) addTo(st *VoiceStats) {
	st.Dropped += i.unread
	st.LanePackets += i.lane
	st.LaneForged += i.forged
	st.LaneReplayed += i.replayed
}

// inbound sums up the links that there have been, and the one that there is.
func (s *Session) inbound() inbound {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := s.past
	if s.conn != nil {
		sum.add(s.conn.Stats())
	}
	return sum
}
