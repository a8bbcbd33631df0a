package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"crossband/client"
	"crossband/client/voice"
	"crossband/proto"
)

type talkOptions struct {
	device
	channelFlag
	from, priority string
	queue, asJSON  bool
}

func newTalkCommand(e env) *cobra.Command {
	var o talkOptions
	c := &cobra.Command{
		Use:   "talk --from FILE",
		Short: "Press, say what a recording holds, release",
		Long: `Press push-to-talk, say in real time what a file holds, release.
Ogg Opus files (mono, 20 ms packets: opusenc --framesize 20) go out as they are;
WAV files are encoded with ` + voice.EncoderName() + ` in this build.

While listeners on weak links lose some of it, Opus is encoded with fewer bits, 8
kbit/s at the least. Ogg Opus files and G.711 cannot be: they go out as they are.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runTalk(cmd.Context(), e, o) },
	}
	o.device.addFlags(c)
	o.channelFlag.addFlags(c)
	c.Flags().StringVar(&o.from, "from", "", "Ogg Opus or WAV file")
	c.Flags().StringVar(&o.priority, "priority", "routine", "routine, urgent, supervisor, peril or emergency")
	c.Flags().BoolVar(&o.queue, "queue", false, "wait for the floor rather than be denied")
	c.Flags().BoolVar(&o.asJSON, "json", false, "print JSON")
	return c
}

// source reads a recording by what it begins with.
func source(b []byte) (voice.Source, error) {
	if bytes.HasPrefix(b, []byte("OggS")) {
		return voice.NewOggSource(b)
	}
	pcm, err := voice.DecodeWAV(b)
	if err != nil {
		return nil, err
	}
	enc, err := voice.NewEncoder()
	if err != nil {
		return nil, err
	}
	return voice.NewPCMSource(pcm, enc), nil
}

func runTalk(ctx context.Context, e env, o talkOptions) error {
	if o.from == "" {
		return usageError{errors.New("--from is required: a recording, Ogg Opus or WAV")}
	}
	prio, err := proto.ParsePriority(o.priority)
	if err != nil {
		return usageError{err}
	}
	raw, err := readBounded(o.from, max(voice.MaxOggLen, voice.MaxWAVLen))
	if err != nil {
		return err
	}
	src, err := source(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", o.from, err)
	}
	s, err := o.open(ctx, e, nil)
	if err != nil {
		return err
	}
	defer s.close()
	joining, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	ch, err := o.join(joining, s)
	if err != nil {
		return err
	}
	r, err := ch.Talk(ctx, src, client.TalkOptions{
		Priority: prio, Queue: o.queue,
		OnGrant: func(limit time.Duration) { e.note("talking (limit %v)", limit) },
		OnQueue: func(at int, holder proto.Name) { e.note("waiting, place %d; %s talks", at, shown(holder)) },
		OnWarn:  func(left time.Duration) { e.note("%v left", left.Round(time.Second)) },
	})
	if err != nil {
		return err
	}
	if o.asJSON {
		return e.json(map[string]any{
			"burst": r.Burst.String(), "frames": r.Sent, "sent_again": r.Again, "signatures": r.Blocks,
			"access_ms": r.Granted.Sub(r.Pressed).Milliseconds(), "local": r.Local,
		})
	}
	e.printf("%d frames, floor after %v\n", r.Sent, r.Granted.Sub(r.Pressed).Round(time.Millisecond))
	return nil
}

type listenOptions struct {
	device
	channelFlag
	to     string
	late   string
	long   time.Duration
	bursts int
	asJSON bool
}

func newListenCommand(e env) *cobra.Command {
	var o listenOptions
	c := &cobra.Command{
		Use:   "listen --to FILE",
		Short: "Hear a channel into a WAV file",
		Long:  "Hear a channel into a WAV file (48 kHz, mono, 16 bit), until interrupted, for\n--for, or for --bursts. Silence between bursts is left out. What was said\nwhile the device had no link is told of as late, and never in that file.",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return runListen(cmd.Context(), e, o) },
	}
	o.device.addFlags(c)
	o.channelFlag.addFlags(c)
	c.Flags().StringVar(&o.to, "to", "", "WAV file to write")
	c.Flags().StringVar(&o.late, "late", "", "folder for late bursts, a WAV file each; none: they are only told of")
	c.Flags().DurationVar(&o.long, "for", 0, "how long; 0: until interrupted")
	c.Flags().IntVar(&o.bursts, "bursts", 0, "stop after so many bursts; 0: do not")
	c.Flags().BoolVar(&o.asJSON, "json", false, "print JSON")
	return c
}

// recorder keeps what is played of one channel. It is filled by the session's
// ears and read after the session has closed.
type recorder struct {
	lateShelf
	pcm []int16
}

// Play implements client.Sink.
func (r *recorder) Play(p client.Played) {
	if len(r.pcm) < voice.SampleRate*60*60 { // an hour is what one file holds
		r.pcm = append(r.pcm, p.PCM...)
	}
}

func runListen(ctx context.Context, e env, o listenOptions) error {
	if o.to == "" {
		return usageError{errors.New("--to is required: the WAV file to write")}
	}
	rec := &recorder{}
	s, err := o.open(ctx, e, rec)
	if err != nil {
		return err
	}
	joining, cancel := context.WithTimeout(ctx, o.timeout)
	ch, err := o.join(joining, s)
	cancel()
	if err != nil {
		s.close()
		return err
	}
	if o.long > 0 {
		ctx, cancel = context.WithTimeout(ctx, o.long)
		defer cancel()
	}
	e.note("listening to %s", s.title(ch.ID()))
	heard := hearBursts(ctx, e, s, ch.ID(), o, &rec.lateShelf)
	stats := s.VoiceStats()
	if err := s.close(); err != nil {
		return err
	}
	if err := os.WriteFile(o.to, voice.EncodeWAV(rec.pcm), 0o600); err != nil {
		return err
	}
	if o.asJSON {
		return errors.Join(e.json(listened(heard, stats, len(rec.pcm))), s.out)
	}
	e.printf("%s: %.1f s of %d bursts\n", o.to, float64(len(rec.pcm))/voice.SampleRate, len(heard))
	return s.out
}

// hearBursts prints who talks until it is enough.
func hearBursts(ctx context.Context, e env, s *station, id proto.ChannelID, o listenOptions, late *lateShelf) []client.BurstHeard {
	var heard []client.BurstHeard
	for {
		ev, ok := s.next(ctx)
		if !ok {
			return heard
		}
		switch ev := ev.(type) {
		case client.FloorChanged:
			if ev.Channel == id && ev.Holder != (proto.Name{}) {
				e.note("%s talks (%v)", shown(ev.Holder), ev.Priority)
			}
		case client.BurstHeard:
			if ev.Channel != id {
				continue
			}
			heard = append(heard, ev)
			e.note("%s: %d frames, %s", shown(ev.From), ev.Frames, authenticity(ev))
			if len(heard) == o.bursts {
				return heard
			}
		case client.BurstLate:
			where := ""
			if ev.Channel != id {
				where = " on " + s.title(ev.Channel)
			}
			if err := tellLate(e, late, ev, where, o.late); err != nil {
				e.note("late burst not written: %v", err)
			}
		default:
			s.mention(ev)
		}
	}
}

// burstInfo is a burst as `listen --json` prints it.
type burstInfo struct {
	Burst    string `json:"burst"`
	From     string `json:"from"`
	Frames   int    `json:"frames"`
	Verified int    `json:"verified"`
	Forged   int    `json:"forged"`
	Genuine  bool   `json:"genuine"`
}

// listened is what `listen --json` prints.
func listened(heard []client.BurstHeard, st client.VoiceStats, samples int) any {
	bursts := []burstInfo{}
	for _, b := range heard {
		bursts = append(bursts, burstInfo{b.Burst.String(), b.From.String(), b.Frames, b.Verified, b.Forged, b.Genuine})
	}
	return map[string]any{
		"bursts": bursts, "seconds": float64(samples) / voice.SampleRate,
		"frames": map[string]uint64{
			"received": st.Received, "played": st.Played, "concealed": st.Concealed, "late": st.Late, "stale": st.Stale,
			"duplicates": st.Duplicates, "no_key": st.NoKey, "rejected": st.Rejected, "dropped": st.Dropped,
		},
		"lane": map[string]uint64{"packets": st.LanePackets, "forged": st.LaneForged, "replayed": st.LaneReplayed},
	}
}

func authenticity(b client.BurstHeard) string {
	switch {
	case b.Forged > 0:
		return fmt.Sprintf("WARNING: %d frames were not signed by this device", b.Forged)
	case b.Genuine:
		return "signed by this device"
	}
	return fmt.Sprintf("%d frames verified", b.Verified)
}
