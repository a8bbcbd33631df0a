package metrics

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"crossband/proto"
	"crossband/relay"
)

// Handler serves the figures of one node, and those of its process, in the
// text format of Prometheus or OpenMetrics.
func Handler(n *relay.Node) (http.Handler, error) {
	r := prometheus.NewRegistry()
	for _, c := range []prometheus.Collector{
		newCollector(n), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes, Timeout: scrapeTime}), nil
}

// Bounds on those who fetch the page.
const (
	maxScrapes = 4
	scrapeTime = 5 * time.Second
)

// collector reads a node when asked.
type collector struct {
	n *relay.Node
	d descs
}

func newCollector(n *relay.Node) *collector { return &collector{n, newDescs()} }

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range c.d {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	p := page{c.d, out}
	f, s := c.n.Figures(), c.n.State()
	p.figures(f)
	for _, q := range relay.Queues(f, s) {
		p.gauge(queueDepth, float64(q.Depth), q.Label)
		p.gauge(queueBound, float64(q.Bound), q.Label)
	}
	if used, most, ok := c.n.StoreUse(); ok {
		p.gauge(storeUsed, float64(used))
		p.gauge(storeMost, float64(most))
	}
	if s != nil {
		p.hub(s)
		p.peers(s)
		p.notices(s, c.n.Notices())
	}
	if leaf, err := c.n.Identity().Leaf(); err == nil {
		p.gauge(certificateEnds, float64(leaf.NotAfter.Unix()))
	}
}

// page is one answer being written.
type page struct {
	d   descs
	out chan<- prometheus.Metric
}

func (p page) gauge(m metric, v float64, labels ...string) {
	p.out <- prometheus.MustNewConstMetric(p.d[m], prometheus.GaugeValue, v, labels...)
}

func (p page) count(m metric, v uint64, labels ...string) {
	p.out <- prometheus.MustNewConstMetric(p.d[m], prometheus.CounterValue, float64(v), labels...)
}

func (p page) seconds(m metric, d time.Duration) {
	p.out <- prometheus.MustNewConstMetric(p.d[m], prometheus.CounterValue, d.Seconds())
}

func (p page) durations(m metric, d relay.Durations, labels ...string) {
	buckets, sum := make(map[float64]uint64), uint64(0)
	for i, b := range d.Bounds {
		sum += d.Counts[i]
		buckets[b.Seconds()] = sum
	}
	p.out <- prometheus.MustNewConstHistogram(p.d[m], d.Count(), d.Sum.Seconds(), buckets, labels...)
}

// figures writes all that needs no word from the loop.
func (p page) figures(f relay.Figures) {
	p.loop(f)
	p.listener(f)
	p.links(f)
	p.voice(f)
	p.refusals(f)
	p.guard(f.Stats)
}

func (p page) loop(f relay.Figures) {
	p.count(events, f.Events)
	p.count(storeRecords, f.Records)
	p.durations(floorGrant, f.FloorHere, "here")
	p.durations(floorGrant, f.FloorUp, "at_the_hub")
	p.durations(appendAck, f.Acks)
	p.durations(storeWrite, f.Store)
	p.durations(loopTurn, f.Loop)
	p.durations(hubApply, f.Apply)
}

func (p page) listener(f relay.Figures) {
	l := f.Listener
	p.count(turnedAway, l.TurnedAway)
	p.count(unsent, l.Lost, "quic")
	p.count(unsent, l.Unsent, "lane")
	p.count(retried, l.Retried)
}

func (p page) links(f relay.Figures) {
	for k, t := range f.Links {
		r, kind := roleName(k.Role), "live"
		if k.Bulk {
			kind = "bulk"
		}
		p.gauge(linksOpen, float64(t.Open), r, kind)
		p.count(linksBegun, t.Begun, r, kind)
		p.gauge(linkWaiting, float64(t.ControlQueued), r, kind, "control")
		p.gauge(linkWaiting, float64(t.VoiceQueued), r, kind, "voice")
		p.gauge(linkWaitingOctets, float64(t.ControlOctets), r, kind)
		p.count(linkFrames, t.FramesSent, r, kind, "sent")
		p.count(linkFrames, t.FramesReceived, r, kind, "received")
		p.count(linkOctets, t.BytesSent, r, kind, "sent")
		p.count(linkOctets, t.BytesReceived, r, kind, "received")
		p.count(linkPackets, t.PacketsSent, r, kind)
		p.count(linkPacketsLost, t.PacketsLost, r, kind)
	}
}

// voice tells what became of voice: what came in, what was queued to a
// receiver, what was handed to the network, and what was dropped and why.
func (p page) voice(f relay.Figures) {
	var sum relay.LinkTotals
	for _, t := range f.Links {
		sum.VoiceSent += t.VoiceSent
		sum.VoiceReceived += t.VoiceReceived
		sum.LanePackets += t.LanePackets
		sum.LaneSilent += t.LaneSilent
		sum.LaneBroken += t.LaneBroken
		sum.LaneUntrue += t.LaneUntrue
		sum.LanesOpen += t.LanesOpen
		sum.Dropped.Full += t.Dropped.Full
		sum.Dropped.Stale += t.Dropped.Stale
		sum.Dropped.Size += t.Dropped.Size
		sum.Dropped.Closed += t.Dropped.Closed
	}
	p.count(voiceReceived, sum.VoiceReceived)
	p.count(voiceForwarded, f.Stats.VoiceForwarded)
	p.count(voiceSent, sum.VoiceSent)
	p.count(lanePackets, sum.LanePackets)
	p.count(laneEnds, sum.LaneSilent, "silence")
	p.count(laneEnds, sum.LaneBroken, "breaker")
	p.count(laneUntrue, sum.LaneUntrue)
	p.gauge(lanesOpen, float64(sum.LanesOpen))
	for cause, n := range map[string]uint64{
		"no_floor": f.Stats.VoiceNoFloor, "forged": f.Stats.VoiceForged, "malformed": f.Stats.VoiceMalformed,
		"over_rate": f.Stats.VoiceOverRate, "queue_full": sum.Dropped.Full, "stale": sum.Dropped.Stale, "size": sum.Dropped.Size, "link_closed": sum.Dropped.Closed,
	} {
		p.count(voiceDropped, n, cause)
	}
	p.count(voiceEarly, f.Stats.VoiceEarly)
	p.count(voiceKept, f.Stats.VoiceKept)
	p.count(voiceKeptLost, f.Stats.VoiceNotKept, "queue_full")
	p.count(voiceKeptLost, f.Stats.VoiceKeptEarly, "room")
	p.count(voiceKeptGiven, f.Stats.VoiceKeptGiven)
	p.count(strainTold, f.Stats.StrainTold)
	p.count(strainIgnored, f.Stats.StrainIgnored)
	p.gauge(voiceKeptOctets, float64(f.Stats.VoiceKeptSize))
}

func (p page) refusals(f relay.Figures) {
	for _, r := range f.Refusals {
		of, by := refusedWords(r.Kind)
		p.count(refusals, r.Count, of, by, codeName(r.Code))
	}
}

// guard tells what the relay did against others' faults and its own.
func (p page) guard(s relay.Stats) {
	p.count(framesHeld, s.FramesHeld)
	p.seconds(heldFor, s.HeldFor)
	p.count(linksRevoked, s.RevokedCut)
	p.count(listsRefused, s.ListsRefused)
	p.count(listsStale, s.ListsStale)
	p.count(faults, s.Faults)
	p.count(recordFaults, s.RecordFaults)
	p.count(unannounced, s.Unannounced)
}

func refusedWords(k relay.Refused) (of, by string) {
	switch k {
	case relay.RefusedLinkByUs:
		return "link", "us"
	case relay.RefusedLinkByPeer:
		return "link", "peer"
	case relay.RefusedRequestByUs:
		return "request", "us"
	case relay.RefusedRequestByPeer:
		return "request", "peer"
	}
	return "floor", "us_or_hub"
}

func (p page) hub(s *relay.State) {
	hails := 0
	kinds := make(map[[2]string]int)
	for _, k := range []proto.CharterKind{proto.KindCalling, proto.KindStanding, proto.KindIncident, proto.KindPatrol} {
		kinds[[2]string{"hub", k.String()}], kinds[[2]string{"follower", k.String()}] = 0, 0
	}
	for _, ch := range s.Hub.Channels {
		part := "follower"
		if ch.Hub {
			part = "hub"
		}
		kinds[[2]string{part, ch.Kind.String()}]++
		hails += ch.Hails
	}
	for k, n := range kinds {
		p.gauge(channels, float64(n), k[0], k[1])
	}
	p.gauge(channelsAway, float64(len(s.Away)))
	p.gauge(hailsOpen, float64(hails))
	p.gauge(welcomes, float64(s.Hub.Welcomes))
	p.gauge(packages, float64(s.Hub.Packages))
}

func (p page) peers(s *relay.State) {
	for _, peer := range s.Peers {
		up := 0.0
		if peer.Linked {
			up = 1
			p.gauge(peerSkew, peer.Skew.Seconds(), string(peer.Agency))
		}
		p.gauge(peerUp, up, string(peer.Agency))
		if !peer.Since.IsZero() {
			p.gauge(peerSince, float64(peer.Since.UnixMilli())/1000, string(peer.Agency))
		}
	}
	members := make(map[[2]string]int)
	for _, l := range s.Links {
		if l.Role != proto.RoleNone {
			members[[2]string{string(l.Agency), roleName(l.Role)}] += l.Count
		}
	}
	for k, n := range members {
		p.gauge(linksOf, float64(n), k[0], k[1])
	}
}

// notices tells of each peer how many change notices are in
// force, and of each peer what has changed unannounced.
func (p page) notices(s *relay.State, n *relay.Notices) {
	if n == nil {
		return
	}
	held, changed := make(map[proto.Agency]int), make(map[proto.Agency]int)
	for _, h := range n.Held {
		if h.Stage != proto.StageOver && h.Kind != proto.NoticeWithdrawn && h.ReplacedBy == (proto.NoticeID{}) {
			held[h.Agency]++
		}
	}
	for _, c := range n.Unannounced {
		changed[c.Agency]++
	}
	for _, peer := range s.Peers {
		p.gauge(noticesHeld, float64(held[peer.Agency]), string(peer.Agency))
		p.gauge(peerUnannounced, float64(changed[peer.Agency]), string(peer.Agency))
	}
}
