package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/proto"
)

// newIncidentCommand holds what is done with incidents; more verbs may be added to it.
func newIncidentCommand(e env) *cobra.Command {
	return group("incident", "List incidents, hand them over, close them; export, verify and report their records",
		newIncidentListCommand(e), newIncidentShowCommand(e), newIncidentJoinCommand(e),
		newIncidentHandOverCommand(e), newIncidentMergeCommand(e), newIncidentRearmCommand(e), newIncidentCloseCommand(e),
		newIncidentExportCommand(e), newIncidentVerifyCommand(e), newIncidentReportCommand(e))
}

// incidentOptions is what the verbs share: the device, and the calling channel on
// which the incident was opened.
type incidentOptions struct {
	device
	channelFlag
	note string
}

func (o *incidentOptions) addFlags(c *cobra.Command) {
	o.device.addFlags(c)
	o.channelFlag.addFlags(c)
}

// onCalling runs fn with the calling channel joined and read up to its end.
func (o incidentOptions) onCalling(ctx context.Context, e env, fn func(context.Context, *station, *client.Channel) error) error {
	s, err := o.open(ctx, e, nil)
	if err != nil {
		return err
	}
	defer s.close()
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	ch, err := o.join(ctx, s, proto.KindCalling)
	if err != nil {
		return err
	}
	return fn(ctx, s, ch)
}

// findIncident finds the incident whose identifier begins as given.
func findIncident(s *station, ch *client.Channel, begins string) (client.Incident, error) {
	var found []client.Incident
	for _, i := range s.Incidents() {
		if i.Calling == ch.ID() && begins != "" && strings.HasPrefix(i.ID.String(), begins) {
			found = append(found, i)
		}
	}
	switch len(found) {
	case 0:
		return client.Incident{}, proto.Refuse(proto.ReasonIncident, phrase.Inert(begins))
	case 1:
		return found[0], nil
	}
	return client.Incident{}, usageError{fmt.Errorf("%d incidents begin with %s", len(found), begins)}
}

func newIncidentListCommand(e env) *cobra.Command {
	var o incidentOptions
	var asJSON, all bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List the incidents that this device knows",
		Long: `List the incidents that this device knows, the oldest first; --all also shows those
that are closed, or part of another. What is over is forgotten in time.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.onCalling(cmd.Context(), e, func(_ context.Context, s *station, ch *client.Channel) error {
				infos := []incidentInfo{}
				for _, i := range s.Incidents() {
					if i.Calling == ch.ID() && (all || i.State != client.IncidentClosed && i.State != client.IncidentMerged) {
						infos = append(infos, describeIncident(i))
						if !asJSON {
							e.printf("%s\n", incidentLine(i))
						}
					}
				}
				if asJSON {
					return e.json(infos)
				}
				if len(infos) == 0 {
					e.note("no incident")
				}
				return nil
			})
		},
	}
	o.addFlags(c)
	c.Flags().BoolVar(&all, "all", false, "also those that are closed or merged")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func newIncidentShowCommand(e env) *cobra.Command {
	var o incidentOptions
	var asJSON bool
	var lang string
	c := &cobra.Command{
		Use:   "show INCIDENT",
		Short: "Show an incident: its hails, whom they have reached, who has it",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := phrase.ParseLanguage(lang)
			if err != nil {
				return usageError{err}
			}
			return o.onCalling(cmd.Context(), e, func(_ context.Context, s *station, ch *client.Channel) error {
				i, err := findIncident(s, ch, args[0])
				if err != nil {
					return err
				}
				if asJSON {
					return e.json(describeIncident(i))
				}
				showIncident(e, i, l)
				return nil
			})
		},
	}
	o.addFlags(c)
	c.Flags().StringVar(&lang, "lang", "en", "en, es or fr")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func newIncidentJoinCommand(e env) *cobra.Command {
	var o incidentOptions
	c := &cobra.Command{
		Use:   "join INCIDENT",
		Short: "Join an incident's channel",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.onCalling(cmd.Context(), e, func(ctx context.Context, s *station, ch *client.Channel) error {
				i, err := findIncident(s, ch, args[0])
				if err != nil {
					return err
				}
				if i.Channel == (proto.ChannelID{}) {
					return proto.Refusef(proto.ReasonNoChannel, "incident %s has none yet", i.ID)
				}
				if _, err := s.Join(ctx, i.Channel); err != nil {
					return err
				}
				e.printf("%sincident channel %s\n", exerciseMark(i.Exercise), i.Channel)
				return nil
			})
		},
	}
	o.addFlags(c)
	return c
}

// newIncidentActCommand makes a verb that does something with one incident.
func newIncidentActCommand(e env, c *cobra.Command, act func(context.Context, *station, *client.Channel, client.Incident, string, []string) error) *cobra.Command {
	var o incidentOptions
	c.RunE = func(cmd *cobra.Command, args []string) error {
		return o.onCalling(cmd.Context(), e, func(ctx context.Context, s *station, ch *client.Channel) error {
			i, err := findIncident(s, ch, args[0])
			if err != nil {
				return err
			}
			if err := act(ctx, s, ch, i, o.note, args[1:]); err != nil {
				return err
			}
			e.note("done: %s%s %s", exerciseMark(i.Exercise), c.Name(), i.ID)
			return nil
		})
	}
	o.addFlags(c)
	c.Flags().StringVar(&o.note, "note", "", "free text beside it, sealed")
	return c
}

func newIncidentHandOverCommand(e env) *cobra.Command {
	return newIncidentActCommand(e, &cobra.Command{
		Use:   "handover INCIDENT NAME",
		Short: "Give an incident to another desk or unit, which has it from then on",
		Long: `Give an incident to another desk or unit, which has it from then on. Whoever has it
may, and the desks of that agency.`,
		Args: cobra.ExactArgs(2),
	}, func(ctx context.Context, _ *station, ch *client.Channel, i client.Incident, note string, args []string) error {
		to, err := parseName(args[0])
		if err != nil {
			return err
		}
		return ch.HandOver(ctx, i.ID, to, note)
	})
}

func newIncidentMergeCommand(e env) *cobra.Command {
	return newIncidentActCommand(e, &cobra.Command{
		Use:   "merge DUPLICATE INCIDENT",
		Short: "Make an incident part of another, of which it is a duplicate",
		Long: `Make an incident part of another, of which it is a duplicate: its ladder stops, its
hails count as the other's, and it is closed with that.`,
		Args: cobra.ExactArgs(2),
	}, func(ctx context.Context, s *station, ch *client.Channel, i client.Incident, note string, args []string) error {
		into, err := findIncident(s, ch, args[0])
		if err != nil {
			return err
		}
		return ch.Merge(ctx, i.ID, into.ID, note)
	})
}

func newIncidentRearmCommand(e env) *cobra.Command {
	return newIncidentActCommand(e, &cobra.Command{
		Use:   "rearm INCIDENT",
		Short: "Have an incident's hails ring again, and their ladder begin again",
		Args:  cobra.ExactArgs(1),
	}, func(ctx context.Context, _ *station, ch *client.Channel, i client.Incident, note string, _ []string) error {
		return ch.Rearm(ctx, i.ID, note)
	})
}

func newIncidentCloseCommand(e env) *cobra.Command {
	var as string
	c := newIncidentActCommand(e, &cobra.Command{
		Use:   "close INCIDENT --as DISPOSITION",
		Short: "Close an incident for good",
		Long: `Close an incident for good, and its duplicates with it: nothing of it rings again.
DISPOSITION is resolved, false-alarm, duplicate, handed-over (to somebody outside),
no-action, unfounded or, of an exercise, exercise-over.`,
		Args: cobra.ExactArgs(1),
	}, func(ctx context.Context, _ *station, ch *client.Channel, i client.Incident, note string, _ []string) error {
		d, err := proto.ParseDisposition(as)
		if err != nil {
			return usageError{errors.New("--as: " + proto.AsRefusal(err).Detail)}
		}
		return ch.CloseIncident(ctx, i.ID, d, note)
	})
	c.Flags().StringVar(&as, "as", "", "the disposition")
	return c
}

func timeOf(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }
