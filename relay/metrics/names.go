package metrics

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"crossband/proto"
)

// metric is one name on the page.
type metric int

// Everything on the page; names and help texts are in newDescs.
const (
	events metric = iota
	storeRecords
	storeUsed
	storeMost
	queueDepth
	queueBound
	floorGrant
	appendAck
	storeWrite
	loopTurn
	hubApply
	turnedAway
	unsent
	retried
	linksOpen
	linksBegun
	linksOf
	linkWaiting
	linkWaitingOctets
	linkFrames
	linkOctets
	linkPackets
	linkPacketsLost
	voiceReceived
	voiceForwarded
	voiceSent
	voiceDropped
	voiceEarly
	lanePackets
	laneEnds
	laneUntrue
	lanesOpen
	voiceKept
	voiceKeptLost
	voiceKeptGiven
	voiceKeptOctets
	strainTold
	strainIgnored
	refusals
	framesHeld
	heldFor
	linksRevoked
	listsRefused
	listsStale
	faults
	recordFaults
	unannounced
	channels
	channelsAway
	hailsOpen
	welcomes
	packages
	peerUp
	peerSince
	peerSkew
	noticesHeld
	peerUnannounced
	certificateEnds
	lastMetric
)

// descs holds the description of each metric.
type descs [lastMetric]*prometheus.Desc

func newDescs() (d descs) {
	describe := func(m metric, name, help string, labels ...string) {
		d[m] = prometheus.NewDesc("crossband_"+name, help, labels, nil)
	}
	describeLoop(describe)
	describeLinks(describe)
	describe(voiceReceived, "voice_frames_received_total", "Voice frames that came in on links.")
	describe(voiceForwarded, "voice_frames_forwarded_total", "Voice frames queued to a receiver; one frame counts once for each.")
	describe(voiceSent, "voice_frames_sent_total", "Voice frames handed to the network.")
	describe(voiceDropped, "voice_frames_dropped_total", "Voice frames that went no further when they came, by cause.", "cause")
	describe(voiceEarly, "voice_frames_early_total", "Of the voice frames dropped as no_floor or forged, those that passed when the floor was granted here.")
	describe(lanePackets, "voice_lane_packets_total", "Packets sent by voice lanes, probes too.")
	describe(laneEnds, "voice_lane_ends_total", "Times that a voice lane was left for QUIC in the middle of voice: silence, nobody reported it; breaker, too much was lost.", "cause")
	describe(laneUntrue, "voice_lane_reports_untrue_total", "Reports of what a voice lane brought that cannot be true: the device that sent them does not follow the protocol.")
	describe(lanesOpen, "voice_lanes_open", "Links whose voice goes by the lane now.")
	describe(voiceKept, "voice_kept_frames_total", "Sealed voice frames kept in memory for devices that come back.")
	describe(voiceKeptLost, "voice_kept_lost_total", "Sealed voice frames not kept for as long as they should be, by cause.", "cause")
	describe(voiceKeptGiven, "voice_kept_given_total", "Sealed voice frames given to devices that came back.")
	describe(voiceKeptOctets, "voice_kept_octets", "Octets of memory that kept voice uses.")
	describe(strainTold, "voice_strain_told_total", "Words to talkers, or to the relays before them, that listeners lose voice, or no more.")
	describe(strainIgnored, "voice_strain_ignored_total", "Such words of partners' relays about voice that they are not sent.")
	describe(refusals, "refusals_total", "What was refused, whose refusal it was, and its code (docs/PROTOCOL.md, appendix); code other: one that this version does not know.", "of", "by", "code")
	describeGuard(describe)
	describe(channels, "channels", "Channels known, by this relay's part in them and kind.", "part", "kind")
	describe(channelsAway, "channels_hub_away", "Followed channels whose hub is away: they work locally.")
	describe(hailsOpen, "hails_open", "Hails that are not over, on channels whose hub this relay is.")
	describe(welcomes, "welcomes_waiting", "Welcomes that wait for their joiners to fetch them.")
	describe(packages, "key_packages", "Key packages left by this agency's endpoints, without those of last resort.")
	describe(peerUp, "peer_up", "1 while there is a link with the agency's relay, else 0.", "agency")
	describe(peerSince, "peer_changed_timestamp_seconds", "When the link with the agency's relay last began or ended.", "agency")
	describe(noticesHeld, "change_notices", "Change notices of the agency that are in force and not over.", "agency")
	describe(peerUnannounced, "peer_unannounced_changes", "Changes of the agency's relay in the last week that no notice covers.", "agency")
	describe(peerSkew, "peer_clock_skew_seconds", "The peer's clock less ours when the link began.", "agency")
	describe(certificateEnds, "certificate_ends_timestamp_seconds", "When this relay's own certificate ends.")
	return d
}

type describer func(m metric, name, help string, labels ...string)

func describeLoop(describe describer) {
	describe(events, "events_total", "Events taken by the relay's loop: frames, links, time.")
	describe(storeRecords, "store_records_total", "Records written to the store.")
	describe(storeUsed, "store_used_octets", "Octets that the store uses.")
	describe(storeMost, "store_bound_octets", "Octets that the store may use; 0: no bound.")
	describe(queueDepth, "queue_depth", "How much is in a queue now; where there are several of a kind, in the longest.", "queue")
	describe(queueBound, "queue_bound", "How much a queue can hold.", "queue")
	describe(floorGrant, "floor_grant_seconds", "From a request for the floor reaching this relay to its grant being queued, by who decided.", "decided")
	describe(appendAck, "append_ack_seconds", "From a message reaching its hub to its acknowledgement being queued, the store's write in between.")
	describe(storeWrite, "store_write_seconds", "One write to the store, of all records of one turn of the loop.")
	describe(loopTurn, "loop_turn_seconds", "One turn of the loop: its events applied, stored and answered.")
	describe(hubApply, "hub_apply_seconds", "One event in the hub.")
}

func describeGuard(describe describer) {
	describe(framesHeld, "link_frames_held_total", "Control frames that had to wait for their link's rate.")
	describe(heldFor, "link_frames_held_seconds_total", "How long they waited, all together.")
	describe(linksRevoked, "links_revoked_total", "Links ended because a certificate of the other side was revoked.")
	describe(listsRefused, "revocation_lists_refused_total", "Revocation lists refused: older than the one held, forged, or not for the sender to bring.")
	describe(listsStale, "revocation_lists_stale_total", "Warnings that an agency's revocation list is old or missing, one an hour for each.")
	describe(faults, "faults_total", "Faults of this program, each of which cost one link.")
	describe(unannounced, "unannounced_changes_total", "Alarms on a change of a partner's relay that no notice covers.")
	describe(recordFaults, "record_faults_total", "Alarms about incidents' records: not signed, not what was signed, or not what a partner holds.")
}

func describeLinks(describe describer) {
	describe(unsent, "packets_refused_total", "Packets that this machine's system did not take, of QUIC and of voice lanes.", "of")
	describe(turnedAway, "handshakes_turned_away_total", "Handshakes not begun because too many were open, or began within a second from one address.")
	describe(retried, "handshakes_retried_total", "Handshakes that had to prove their address first.")
	describe(linksOpen, "links_open", "Links that are open now, by the other side's role.", "role", "kind")
	describe(linksBegun, "links_begun_total", "Links that have begun, by the other side's role.", "role", "kind")
	describe(linksOf, "links", "Links that are open now, by the other side's agency and role.", "agency", "role")
	describe(linkWaiting, "link_waiting_frames", "Frames that wait to be sent, on all links of a role together.", "role", "kind", "queue")
	describe(linkWaitingOctets, "link_waiting_octets", "Octets of control frames that wait to be sent, on all links of a role together.", "role", "kind")
	describe(linkFrames, "link_frames_total", "Control frames.", "role", "kind", "direction")
	describe(linkOctets, "link_octets_total", "Octets on the wire, without UDP and IP headers.", "role", "kind", "direction")
	describe(linkPackets, "link_packets_sent_total", "Packets sent.", "role", "kind")
	describe(linkPacketsLost, "link_packets_lost_total", "Packets that the transport found lost.", "role", "kind")
}

// roleName is a role as a label. A newcomer who enrols has none yet.
func roleName(r proto.Role) string {
	if r == proto.RoleNone {
		return "newcomer"
	}
	return r.String()
}

// codeName is a refusal's code as a label.
func codeName(r proto.Reason) string {
	if r == proto.ReasonNone {
		return "other"
	}
	return strconv.Itoa(int(r))
}
