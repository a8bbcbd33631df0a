package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/proto"
)

func newPatrolCommand(e env) *cobra.Command {
	c := group("patrol", "Share a channel and positions with one unit of the other side, for a shift",
		newPatrolPairCommand(e), newPatrolPositionCommand(e), newPatrolWatchCommand(e))
	c.Long = `Mirrored patrols: one unit on each side of the border share a channel of their own
for a shift: voice, texts and positions. Nobody else can come in, no desk and no
relay among them. It ends by itself.`
	return c
}

// patrolInfo is a patrol as --json prints it.
type patrolInfo struct {
	Channel string `json:"channel"`
	With    string `json:"with"`
	Ends    string `json:"ends"`
}

func patrolOf(c proto.Charter, self proto.Name) patrolInfo {
	own, other := c.Pair()
	if own != self {
		other = own
	}
	return patrolInfo{c.Channel.String(), other.String(), c.Expires.UTC().Format(time.RFC3339)}
}

func newPatrolPairCommand(e env) *cobra.Command {
	var d device
	var f channelFlag
	var with string
	var shift time.Duration
	var asJSON bool
	c := &cobra.Command{
		Use:   "pair --with unit/LABEL@AGENCY",
		Short: "Open a channel with one unit of another agency",
		Long: `Open a channel with one unit of another agency, for a shift. It rests on the calling
channel that both agencies share: --channel names it where there are several.
The other unit is let in at once; crossband patrol watch shows it there.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if with == "" {
				return usageError{errors.New("--with is required: unit/LABEL@AGENCY")}
			}
			other, err := parseName(with)
			if err != nil {
				return err
			}
			s, err := d.open(cmd.Context(), e, nil)
			if err != nil {
				return err
			}
			defer s.close()
			ctx, cancel := context.WithTimeout(cmd.Context(), d.timeout)
			defer cancel()
			calling, err := f.join(ctx, s, proto.KindCalling)
			if err != nil {
				return err
			}
			ch, err := calling.Pair(ctx, other, time.Now().Add(shift))
			if err != nil {
				return err
			}
			i := patrolOf(ch.Charter(), s.Name())
			if asJSON {
				return e.json(i)
			}
			e.printf("%s  with %s until %s\n", i.Channel, shown(other), i.Ends)
			return nil
		},
	}
	d.addFlags(c)
	f.addFlags(c)
	c.Flags().StringVar(&with, "with", "", "the other unit: unit/LABEL@AGENCY")
	c.Flags().DurationVar(&shift, "for", 8*time.Hour, "how long, at most "+client.MaxShift.String())
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// fix is a position as the command line takes it.
type fix struct {
	place            string
	accuracy, course int
	speed            float64
}

func (f *fix) addFlags(c *cobra.Command) {
	c.Flags().StringVar(&f.place, "place", "", "LATITUDE,LONGITUDE in degrees, or an MGRS reference")
	c.Flags().IntVar(&f.accuracy, "accuracy", 0, "radius in metres in which the unit is; 0: not known")
	c.Flags().IntVar(&f.course, "course", 0, "degrees from true north, 1 to 360; 0: not known, or standing")
	c.Flags().Float64Var(&f.speed, "speed", 0, "metres a second; 0: not known, or standing")
}

func (f fix) position(now time.Time) (client.Position, error) {
	if f.place == "" {
		return client.Position{}, usageError{errors.New("--place is required: LATITUDE,LONGITUDE or an MGRS reference")}
	}
	slot, err := phrase.ParseSlot(phrase.KindPlace, f.place)
	if err != nil {
		return client.Position{}, usageError{err}
	}
	place, ok := slot.(phrase.Place)
	if !ok || place.Landmark != "" {
		return client.Position{}, usageError{fmt.Errorf("--place %q: a position is a point, without a landmark", f.place)}
	}
	return client.Position{Place: place, Accuracy: f.accuracy, Fix: now, Course: f.course, Speed: f.speed}, nil
}

func newPatrolPositionCommand(e env) *cobra.Command {
	var d device
	var f channelFlag
	var at fix
	c := &cobra.Command{
		Use:   "position --place LATITUDE,LONGITUDE",
		Short: "Tell the other unit where this one is",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := at.position(time.Now())
			if err != nil {
				return err
			}
			return withPatrol(cmd, e, d, f, func(ctx context.Context, _ *station, ch *client.Channel) error {
				id, err := ch.SendPosition(ctx, p)
				if err != nil {
					return err
				}
				e.printf("%s\n", id)
				return nil
			})
		},
	}
	d.addFlags(c)
	f.addFlags(c)
	at.addFlags(c)
	return c
}

func newPatrolWatchCommand(e env) *cobra.Command {
	var d device
	var f channelFlag
	var long time.Duration
	var asJSON bool
	c := &cobra.Command{
		Use:   "watch",
		Short: "Show where the other unit is, and what it writes",
		Long: `Show where the other unit is, and what it writes, until the shift ends, until
interrupted or for --for. It waits up to --timeout for a patrol to be opened.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPatrol(cmd, e, d, f, func(_ context.Context, s *station, ch *client.Channel) error {
				return watchPatrol(cmd.Context(), e, s, ch, long, asJSON)
			})
		},
	}
	d.addFlags(c)
	f.addFlags(c)
	c.Flags().DurationVar(&long, "for", 0, "how long to watch; 0: until the shift ends")
	c.Flags().BoolVar(&asJSON, "json", false, "print positions as JSON, one a line")
	return c
}

// withPatrol runs fn with the joined channel of a patrol.
func withPatrol(cmd *cobra.Command, e env, d device, f channelFlag, fn func(context.Context, *station, *client.Channel) error) error {
	s, err := d.open(cmd.Context(), e, nil)
	if err != nil {
		return err
	}
	defer s.close()
	ctx, cancel := context.WithTimeout(cmd.Context(), d.timeout)
	defer cancel()
	ch, err := f.join(ctx, s, proto.KindPatrol)
	if err != nil {
		return err
	}
	return fn(ctx, s, ch)
}

func watchPatrol(ctx context.Context, e env, s *station, ch *client.Channel, long time.Duration, asJSON bool) error {
	ends := ch.Charter().Expires
	if until := time.Now().Add(long); long > 0 && until.Before(ends) {
		ends = until
	}
	ctx, cancel := context.WithDeadline(ctx, ends)
	defer cancel()
	i := patrolOf(ch.Charter(), s.Name())
	e.note("on patrol with %s until %s", i.With, i.Ends)
	for {
		ev, ok := s.next(ctx)
		if !ok {
			return s.out
		}
		switch ev := ev.(type) {
		case client.PositionReceived:
			if ev.Channel == ch.ID() {
				if err := sayPosition(e, ev, asJSON); err != nil {
					return err
				}
				continue
			}
		case client.TextReceived:
			if ev.Channel == ch.ID() && !asJSON {
				e.printf("%s\n", textLine(ev))
				s.shown(ev)
				continue
			}
		}
		s.mention(ev)
	}
}

// positionInfo is a position as --json prints it.
type positionInfo struct {
	From      string  `json:"from"`
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
	MGRS      string  `json:"mgrs,omitempty"`
	Accuracy  int     `json:"accuracy_m,omitempty"`
	Course    int     `json:"course_deg,omitempty"`
	Speed     float64 `json:"speed_m_s,omitempty"`
	Fix       string  `json:"fix"`
	Age       float64 `json:"age_s"`
}

func sayPosition(e env, p client.PositionReceived, asJSON bool) error {
	at := p.Position
	i := positionInfo{
		From: p.From.String(), Latitude: at.Place.Latitude.Degrees(), Longitude: at.Place.Longitude.Degrees(),
		Accuracy: at.Accuracy, Course: at.Course, Speed: at.Speed,
		Fix: at.Fix.UTC().Format(time.RFC3339), Age: at.Age.Round(time.Second / 10).Seconds(),
	}
	i.MGRS, _ = at.Place.MGRS()
	if asJSON {
		return e.jsonLine(i)
	}
	e.printf("%s\n", positionLine(p, i))
	return nil
}

// positionLine is a position on one line. An old fix is called that: it is where the
// unit was.
func positionLine(p client.PositionReceived, i positionInfo) string {
	line := fmt.Sprintf("%s  %s at %.5f, %.5f", p.At.UTC().Format(time.TimeOnly), shown(p.From), i.Latitude, i.Longitude)
	if i.MGRS != "" {
		line += " (MGRS " + i.MGRS + ")"
	}
	if i.Accuracy > 0 {
		line += fmt.Sprintf(", within %d m", i.Accuracy)
	}
	if i.Course > 0 {
		line += fmt.Sprintf(", heading %03d°", i.Course)
	}
	if i.Speed > 0 {
		line += fmt.Sprintf(" at %.0f km/h", i.Speed*3.6)
	}
	if p.Position.Age > oldFix {
		line += fmt.Sprintf("; OLD, found %v before", p.Position.Age.Round(time.Second))
	}
	return line
}

// oldFix is from when on a position is called old.
const oldFix = 30 * time.Second
