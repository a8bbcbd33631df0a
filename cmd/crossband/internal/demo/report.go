package demo

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"crossband/proto"
)

// Report is what --report writes. Everything in it was measured in the run.
type Report struct {
	OK       bool     `json:"ok"`
	Broken   []string `json:"broken,omitempty"` // promises that did not hold
	Agencies int      `json:"agencies"`
	Hail     struct {
		RingMS float64 `json:"ring_ms"` // press to ring at the other side's desk
		Reply  string  `json:"reply"`
	} `json:"hail"`
	Voice VoiceReport `json:"voice"`
	Text  struct {
		Sent       int `json:"sent"`
		Delivered  int `json:"delivered"` // to every other member
		Duplicates int `json:"duplicates"`
	} `json:"text"`
	Floor struct {
		Granted   int `json:"granted"`
		Denied    int `json:"denied"`
		Preempted int `json:"preempted"`
	} `json:"floor"`
	Ladder   LadderReport `json:"ladder"`
	Notice   NoticeReport `json:"notice"`
	Observer struct {
		Shown  int  `json:"shown"`  // members who were told that it observes
		Heard  bool `json:"heard"`  // it heard a burst
		Silent bool `json:"silent"` // and was refused the floor
	} `json:"observer"`
	Record     RecordReport `json:"record"`
	RecordFile string       `json:"record_file"` // the exported record
	Blind      struct {
		CanaryHits    int    `json:"canary_hits"`
		ControlHits   int    `json:"control_hits"` // finds of what a relay must know: the search works
		Memory        string `json:"memory"`
		MemoryOctets  int    `json:"memory_octets"`
		TrafficOctets int    `json:"traffic_octets"`
		DiskOctets    int    `json:"disk_octets"`
		DiskHits      int    `json:"disk_hits"`         // of CanaryHits
		DiskControl   int    `json:"disk_control_hits"` // as ControlHits, in the stores' files
	} `json:"blind"`
}

// VoiceReport is the voice part of a Report. Frames are counted at the listener
// across the border for whom the burst was.
type VoiceReport struct {
	Bursts         int     `json:"bursts"`
	FramesSent     int     `json:"frames_sent"`
	FramesPlayed   int     `json:"frames_played"`
	FramesRejected uint64  `json:"frames_rejected"` // at all devices: forged, damaged or without key
	AccessMS95     float64 `json:"access_ms_p95"`
	MouthToEarMS95 float64 `json:"mouth_to_ear_ms_p95"`
	Similarity     float64 `json:"similarity"` // the worst of the whole clips
	access         []time.Duration
	mouthToEar     []time.Duration
	similarities   []float64
}

// judge works out the figures and whether every promise held.
func (r *Report) judge() {
	v := &r.Voice
	v.AccessMS95 = ms(percentile(v.access, 95))
	v.MouthToEarMS95 = ms(percentile(v.mouthToEar, 95))
	if len(v.similarities) > 0 {
		v.Similarity = float64(int(slices.Min(v.similarities)*1000)) / 1000
	}
	check := func(ok bool, format string, args ...any) {
		if !ok {
			r.Broken = append(r.Broken, fmt.Sprintf(format, args...))
		}
	}
	check(r.Hail.Reply == proto.HailCommitted.String(), "the hail ended as %s", r.Hail.Reply)
	check(v.Bursts > 0 && v.FramesPlayed*100 >= v.FramesSent*95, "%d of %d frames were played", v.FramesPlayed, v.FramesSent)
	check(v.FramesRejected == 0, "%d frames were rejected", v.FramesRejected)
	check(v.Similarity >= 0.8, "what came out is not what went in: likeness %.3f", v.Similarity)
	check(r.Text.Sent > 0 && r.Text.Delivered == r.Text.Sent, "%d of %d texts were delivered", r.Text.Delivered, r.Text.Sent)
	check(r.Text.Duplicates == 0, "%d texts came twice", r.Text.Duplicates)
	check(r.Floor.Granted > 0 && r.Floor.Denied > 0 && r.Floor.Preempted > 0, "the floor was not contended for")
	check(r.Ladder.Steps == 2 && r.Ladder.After == 0 && r.Ladder.Incident, "the ladder made %d steps and %d after the acceptance", r.Ladder.Steps, r.Ladder.After)
	check(r.Ladder.LateMS <= mayBeLateMS, "a step of the ladder came %.0f ms late", r.Ladder.LateMS)
	check(r.Ladder.EarlyMS <= mayBeEarlyMS, "a step of the ladder came %.0f ms before its time", r.Ladder.EarlyMS)
	check(r.Ladder.AcceptedBy != "" && r.Ladder.AcceptedBy == r.Ladder.neighbour, "the call is accepted by %q, not by %q", r.Ladder.AcceptedBy, r.Ladder.neighbour)
	check(r.Notice.Seen == r.Agencies && r.Notice.Acknowledged == r.Agencies-1, "the notice was seen in %d agencies and answered by %d", r.Notice.Seen, r.Notice.Acknowledged)
	check(r.Observer.Shown > 0 && r.Observer.Heard && r.Observer.Silent, "the observer: %+v", r.Observer)
	check(r.Record.Entries > 0 && r.Record.Verified, "the incident's record does not verify")
	check(r.Record.CosignedBy == r.Agencies, "%d agencies have signed the record, of %d", r.Record.CosignedBy, r.Agencies)
	check(r.Record.Bursts == r.Voice.Bursts, "the record has %d bursts of %d", r.Record.Bursts, r.Voice.Bursts)
	check(r.Record.TamperFound, "a changed record is not found out")
	check(r.Blind.CanaryHits == 0, "%d canaries were found in relays", r.Blind.CanaryHits)
	check(r.Blind.Memory != "searched" || r.Blind.ControlHits > 0, "the search of memory does not find what is there")
	check(r.Blind.DiskControl > 0, "the search of disks does not find what is there")
	r.OK = len(r.Broken) == 0
}

func (r *Report) save(path string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}

// timeline prints what happens, with the time since the start.
type timeline struct {
	out   io.Writer
	start time.Time
}

func (t *timeline) say(what, format string, args ...any) {
	fmt.Fprintf(t.out, "%7.2f s  %-9s %s\n", time.Since(t.start).Seconds(), what, fmt.Sprintf(format, args...))
}

func (t *timeline) summary(r *Report) {
	v := r.Voice
	t.say("figures", "ring %.0f ms; floor %.0f ms and mouth to ear %.0f ms (95 %%); %d of %d frames; likeness %.3f",
		r.Hail.RingMS, v.AccessMS95, v.MouthToEarMS95, v.FramesPlayed, v.FramesSent, v.Similarity)
	for _, b := range r.Broken {
		t.say("BROKEN", "%s", b)
	}
}
