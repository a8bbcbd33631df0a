package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crossband/client/phrase"
	"crossband/cmd/crossband/internal/endpointdir"
	"crossband/formats/webhook"
	"crossband/proto"
	"crossband/relay/hook/deliver"
	"crossband/relay/hook/deliver/plan"
	"crossband/relay/store"
)

// hookOutFilter is a filter on the command line.
type hookOutFilter struct {
	hookOutFlags
	target, incident, state string
	limit                   int
	asJSON                  bool
}

func (o *hookOutFilter) addFlags(c *cobra.Command) {
	c.Flags().StringVar(&o.home, "home", endpointdir.Default(), "the folder of the device that delivers")
	o.hookOutFlags.addFlags(c)
	c.Flags().StringVar(&o.target, "target", "", "this target only")
	c.Flags().StringVar(&o.incident, "incident", "", "this incident only")
	c.Flags().BoolVar(&o.asJSON, "json", false, "print JSON")
}

func (o *hookOutFilter) filter(args []string) (deliver.Filter, error) {
	f := deliver.Filter{Target: o.target, State: plan.State(o.state), Limit: o.limit}
	if len(args) > 0 {
		f.ID = args[0]
	}
	if o.state != "" && !slices.Contains([]plan.State{plan.Waiting, plan.Delivered, plan.Failed}, f.State) {
		return f, usageError{fmt.Errorf("--state %q: want waiting, delivered or failed", o.state)}
	}
	if o.incident != "" {
		raw, err := hex.DecodeString(o.incident)
		if err == nil {
			f.Incident, err = proto.IncidentIDFrom(raw)
		}
		if err != nil {
			return f, usageError{fmt.Errorf("--incident: %w", err)}
		}
	}
	return f, nil
}

func newHookLogCommand(e env) *cobra.Command {
	var o hookOutFilter
	c := &cobra.Command{
		Use:   "log [ID]",
		Short: "Show what hooks wait, were delivered or given up; with ID, each attempt",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := o.filter(args)
			if err != nil {
				return err
			}
			a, err := o.order(cmd.Context(), hookOrder{"list", f})
			if err != nil {
				return err
			}
			if o.asJSON {
				return e.json(map[string]any{"targets": a.Targets, "deliveries": a.Deliveries})
			}
			for _, t := range a.Targets {
				e.note("%s", targetLine(t))
			}
			for _, d := range a.Deliveries {
				e.printf("%s\n", deliveryLine(d))
				if f.ID != "" {
					attemptLines(e, d)
				}
			}
			return nil
		},
	}
	o.addFlags(c)
	c.Flags().StringVar(&o.state, "state", "", "waiting, delivered or failed")
	c.Flags().IntVar(&o.limit, "limit", deliver.DefaultLimit, "the newest so many of each target")
	return c
}

func targetLine(t deliver.TargetState) string {
	line := fmt.Sprintf("target %s: %d waiting", t.Name, t.Waiting)
	if t.Refused > 0 {
		line += fmt.Sprintf(", %d refused", t.Refused)
	}
	switch {
	case t.Disabled != "":
		line += fmt.Sprintf(", DISABLED since %s: %s", t.Since.UTC().Format(time.RFC3339), t.Disabled)
	case !t.Failing.IsZero():
		line += ", failing since " + t.Failing.UTC().Format(time.RFC3339)
	}
	return line
}

func deliveryLine(d deliver.Delivery) string {
	line := fmt.Sprintf("%s  %-9s %s  %s %s %d  tries %d", d.Accepted.UTC().Format(time.RFC3339), d.State, d.ID, d.Target, d.Data.Kind, d.Data.Sequence, d.Tries)
	if d.State == plan.Waiting && d.Tries > 0 {
		line += ", next " + d.Due.UTC().Format(time.TimeOnly)
	}
	if d.Replays > 0 {
		line += ", replayed"
	}
	if d.Why != "" {
		line += ": " + phrase.Inert(d.Why)
	}
	return line
}

func attemptLines(e env, d deliver.Delivery) {
	for _, a := range d.Attempts {
		e.printf("  %s  status %d  %v  %s\n", a.At.UTC().Format(time.RFC3339), a.Status, a.Took.Round(time.Millisecond), phrase.Inert(a.Why))
	}
}

func newHookReplayCommand(e env) *cobra.Command {
	var o hookOutFilter
	c := &cobra.Command{
		Use:   "replay [ID]",
		Short: "Put again what was delivered or given up: one event, or --incident",
		Long: `Put again what was delivered or given up: one event, or all of an incident. It
has the same ID and is marked as replayed. It goes out when "hook deliver" runs.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := o.filter(args)
			if err != nil {
				return err
			}
			if f.ID == "" && o.incident == "" {
				return usageError{fmt.Errorf("name an ID or --incident")}
			}
			a, err := o.order(cmd.Context(), hookOrder{"replay", f})
			if err != nil {
				return err
			}
			if o.asJSON {
				return e.json(map[string]int{"replayed": a.Replayed})
			}
			e.printf("replayed %d\n", a.Replayed)
			return nil
		},
	}
	o.addFlags(c)
	return c
}

func newHookEnableCommand(e env) *cobra.Command {
	var o hookOutFilter
	c := &cobra.Command{
		Use:   "enable TARGET",
		Short: "Let a disabled target have events again, and try a failing one now",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := o.order(cmd.Context(), hookOrder{"enable", deliver.Filter{Target: args[0]}}); err != nil {
				return err
			}
			e.note("done: enable %s", args[0])
			return nil
		},
	}
	c.Flags().StringVar(&o.home, "home", endpointdir.Default(), "the folder of the device that delivers")
	o.hookOutFlags.addFlags(c)
	return c
}

func newHookDryRunCommand(e env) *cobra.Command {
	var o hookOutFilter
	var kind string
	c := &cobra.Command{
		Use:   "dry-run [ID]",
		Short: "Show what would be sent, and send nothing; without ID, an example",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := o.filter(args)
			if err != nil {
				return err
			}
			var list []deliver.Request
			if f.ID == "" && o.incident == "" {
				list, err = exampleRequests(cmd, o, kind)
			} else {
				var a hookAnswer
				a, err = o.order(cmd.Context(), hookOrder{"preview", f})
				list = a.Requests
			}
			if err != nil {
				return err
			}
			if o.asJSON {
				return e.json(requestsShown(list))
			}
			for _, r := range list {
				e.printf("%s", requestText(r))
			}
			return nil
		},
	}
	o.addFlags(c)
	c.Flags().StringVar(&kind, "kind", string(deliver.Hail), "kind of the example")
	return c
}

// exampleRequests makes an example; nothing of it is sent.
func exampleRequests(cmd *cobra.Command, o hookOutFilter, kind string) ([]deliver.Request, error) {
	k, err := deliver.ParseKind(kind)
	if err != nil {
		return nil, usageError{err}
	}
	_, targets, err := loadHookOut(o.file())
	if err != nil {
		return nil, err
	}
	d, err := deliver.Open(cmd.Context(), deliver.Config{
		Source: "spiffe://agency.example/hook/example", Targets: targets, Store: store.NewMemory(), Random: func() float64 { return 0 },
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.file(), err)
	}
	now := time.Now()
	return d.DryRun(deliver.Event{
		ID: deliver.EventID("example", now.String()), Incident: proto.NewIncidentID(), Kind: k, At: now, Hail: proto.NewMessageID(),
		From: proto.Name{Agency: "agency.example", Role: proto.RoleUnit, Label: "example"}, To: proto.Name{Agency: "partner.example", Role: proto.RoleDesk, Label: "example"},
		Class: proto.PriorityUrgent, State: proto.HailSent, Expires: now.Add(2 * time.Minute),
	})
}

// requestShown is a request as dry-run --json prints it.
type requestShown struct {
	Target string          `json:"target"`
	URL    string          `json:"url"`
	Header http.Header     `json:"header"`
	Body   json.RawMessage `json:"body"`
}

func requestsShown(list []deliver.Request) (shown []requestShown) {
	for _, r := range list {
		shown = append(shown, requestShown{r.Target, r.URL, r.Header, r.Body})
	}
	return shown
}

func requestText(r deliver.Request) string {
	var b strings.Builder
	fmt.Fprintf(&b, "target %s\nPOST %s\n", r.Target, r.URL)
	var names []string
	for name := range r.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&b, "%s: %s\n", strings.ToLower(name), r.Header.Get(name))
	}
	fmt.Fprintf(&b, "\n%s\n\n", r.Body)
	return b.String()
}

func newHookSecretCommand(e env) *cobra.Command {
	return &cobra.Command{
		Use:   "secret FILE",
		Short: "Make a secret for a target and write it to a new file",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := webhook.NewSecret(rand.Reader)
			if err != nil {
				return err
			}
			f, err := os.OpenFile(args[0], os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				return err
			}
			if _, err := f.WriteString(s.Reveal() + "\n"); err != nil {
				f.Close()
				return err
			}
			e.note("the receiver gets the same file, over a way that nobody else reads")
			return f.Close()
		},
	}
}
