package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crossband/client/phrase"
	"crossband/crypto/identity"
	"crossband/crypto/record"
	"crossband/proto"
)

// errTampered says that a record is not what was recorded.
var errTampered = errors.New("the record was changed, or somebody signed two of them")

func newIncidentExportCommand(e env) *cobra.Command {
	var d device
	var file string
	var reveal, asJSON bool
	var wait time.Duration
	c := &cobra.Command{
		Use:   "export INCIDENT --to FILE",
		Short: "Write an incident's record into one file",
		Long: `Write an incident's record, as this agency's relay keeps it, into one file that
anybody can verify offline: crossband incident verify. Content stays sealed; with
--reveal the file also holds what this device, a desk or a recorder, knows of what
was said, each with the proof that nothing else was. What has just happened is
signed within seconds: --wait says how long to wait for everybody's signature.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseIncident(args[0])
			if err != nil {
				return err
			}
			if file == "" {
				return usageError{errors.New("--to is required: the file to write")}
			}
			x, err := exportRecord(cmd.Context(), e, d, id, wait, reveal)
			if err != nil {
				return err
			}
			if err := writeRecord(file, x); err != nil {
				return err
			}
			return sayExported(e, file, x, asJSON)
		},
	}
	d.addFlags(c)
	c.Flags().StringVar(&file, "to", "", "file to write; it must not be there yet")
	c.Flags().DurationVar(&wait, "wait", 5*time.Second, "how long to wait until all of it is signed by everybody")
	c.Flags().BoolVar(&reveal, "reveal", false, "with what was said, as far as this device knows it")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func parseIncident(s string) (proto.IncidentID, error) {
	id, err := proto.ParseIncidentID(s)
	if err != nil {
		return id, usageError{fmt.Errorf("incident %q: want its 32 hexadecimal digits, as crossband hail prints them", s)}
	}
	return id, nil
}

func exportRecord(ctx context.Context, e env, d device, id proto.IncidentID, wait time.Duration, reveal bool) (*record.Export, error) {
	s, err := d.open(ctx, e, nil)
	if err != nil {
		return nil, err
	}
	defer s.close()
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	defer e.patience("fetching the record")()
	x, err := s.Record(ctx, id)
	for ends := time.Now().Add(wait); err == nil && !x.Cosigned() && time.Now().Before(ends); x, err = s.Record(ctx, id) {
		select {
		case <-time.After(exportEvery):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if err == nil && reveal {
		err = s.Reveal(x)
	}
	return x, err
}

// exportEvery is how often it is looked whether everybody has signed.
const exportEvery = 500 * time.Millisecond

// writeRecord writes an export into a file that was not there.
func writeRecord(file string, x *record.Export) error {
	var b bytes.Buffer
	if err := record.WriteExport(&b, x); err != nil {
		return err
	}
	return writeNew(file, b.Bytes())
}

// writeNew writes a file that was not there, whole or not at all.
func writeNew(file string, b []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		os.Remove(file)
	}
	return err
}

// exportInfo is an export as --json prints it.
type exportInfo struct {
	File     string   `json:"file"`
	Incident string   `json:"incident"`
	Exercise bool     `json:"exercise"`
	Logs     []string `json:"logs"`
	Entries  int      `json:"entries"`
	Revealed int      `json:"revealed"`
}

func sayExported(e env, file string, x *record.Export, asJSON bool) error {
	i := exportInfo{File: file, Incident: x.Incident.String(), Exercise: x.Exercise, Logs: []string{}}
	for _, l := range x.Logs {
		i.Logs = append(i.Logs, l.Origin.String())
		i.Entries += len(l.Entries)
		i.Revealed += len(l.Reveals)
	}
	if asJSON {
		return e.json(i)
	}
	e.printf("%s: %s%d entries, %d shown\n", file, exerciseMark(x.Exercise), i.Entries, i.Revealed)
	e.note("next: crossband incident verify %s --bundle FILE for each agency's bundle", file)
	return nil
}

func exerciseMark(exercise bool) string {
	if exercise {
		return "EXERCISE "
	}
	return ""
}

func newIncidentVerifyCommand(e env) *cobra.Command {
	var files []string
	var asJSON, timeline bool
	c := &cobra.Command{
		Use:   "verify FILE... --bundle FILE...",
		Short: "Verify an incident's record, offline",
		Long: `Verify one or more exports of one incident's record by the agencies' trust bundles,
offline. Nothing in the exports is trusted; the bundles are, so compare the words
that are printed for each with what the agency reads out. Give the exports of both
sides: two histories of one incident show only when they are compared.

Exit codes: 0 all of it is there and signed by everybody; 5 nothing was changed,
but something is missing or not signed, the agreement in force among it; 1 it was changed, or somebody signed
two histories.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(files) == 0 {
				return usageError{errors.New("--bundle is required: the trust bundle of each agency")}
			}
			return runVerify(e, args, files, timeline, asJSON)
		},
	}
	c.Flags().StringArrayVar(&files, "bundle", nil, "an agency's trust bundle (repeatable)")
	c.Flags().BoolVar(&timeline, "timeline", false, "print the entries too")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func runVerify(e env, exports, bundles []string, timeline, asJSON bool) error {
	var list []*record.Export
	for _, file := range exports {
		x, err := readRecord(file)
		if err != nil {
			return err
		}
		list = append(list, x)
	}
	trusted, err := readBundles(bundles)
	if err != nil {
		return err
	}
	r, err := record.Verify(list, trusted)
	if err != nil {
		return err
	}
	agreements, err := judgeAgreements(list, exports, trusted)
	if err != nil {
		return err
	}
	if asJSON {
		v := verdictOf(r, exports, trusted)
		v.Agreements = agreements
		if err := e.json(v); err != nil {
			return err
		}
	} else {
		sayAgreements(e, agreements)
		sayVerdict(e, r, exports, trusted)
		if timeline {
			sayTimeline(e, list)
		}
	}
	switch {
	case !r.Intact():
		return errTampered
	case !r.Complete() || !allGood(agreements):
		return errFound
	}
	return nil
}

func readBundles(files []string) (list []*identity.Bundle, err error) {
	for _, file := range files {
		raw, err := readBounded(file, maxBundle)
		if err != nil {
			return nil, err
		}
		b, err := identity.ParseBundle(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		list = append(list, b)
	}
	return list, nil
}

const maxBundle = 256 << 10 // octets of a bundle's file

func readRecord(file string) (*record.Export, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	x, err := record.ReadExport(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return x, nil
}

// verdict is what verify found, as --json prints it.
type verdict struct {
	Incident   string             `json:"incident"`
	Exercise   bool               `json:"exercise"`
	Intact     bool               `json:"intact"`
	Complete   bool               `json:"complete"`
	JudgedBy   map[string]string  `json:"judged_by"` // agency: the words of its root's fingerprint
	Logs       []verdictLog       `json:"logs"`
	Agreements []verdictAgreement `json:"agreements"`
	Findings   []verdictFinding   `json:"findings"`
	More       int                `json:"more_findings"`
}

type verdictLog struct {
	File     string            `json:"file"`
	Log      string            `json:"log"`
	Entries  uint64            `json:"entries"`
	Sound    uint64            `json:"sound"`
	Signed   uint64            `json:"signed"`
	Cosigned map[string]uint64 `json:"cosigned"` // agency: entries
	From     string            `json:"from"`
	To       string            `json:"to"`
	Closed   bool              `json:"closed"`
	Bursts   int               `json:"bursts"`
	Revealed int               `json:"revealed"`
}

type verdictFinding struct {
	Fault  string `json:"fault"`
	File   string `json:"file,omitempty"`
	Log    string `json:"log,omitempty"`
	First  int64  `json:"first"` // entry; -1: none
	Last   int64  `json:"last"`
	Detail string `json:"detail"`
}

func verdictOf(r *record.Report, files []string, bundles []*identity.Bundle) verdict {
	v := verdict{
		Incident: r.Incident.String(), Exercise: r.Exercise, Intact: r.Intact(), Complete: r.Complete(),
		JudgedBy: make(map[string]string), Logs: []verdictLog{}, Findings: []verdictFinding{}, More: r.More,
	}
	for _, b := range bundles {
		v.JudgedBy[string(b.Agency)] = b.Fingerprint().String()
	}
	for _, l := range r.Logs {
		o := verdictLog{
			File: files[l.Export], Log: l.Origin.String(), Entries: l.Entries, Sound: l.Sound, Signed: l.Signed, Cosigned: make(map[string]uint64),
			From: recordTime(l.From), To: recordTime(l.To), Closed: l.Closed, Bursts: l.Bursts, Revealed: l.Revealed,
		}
		for _, c := range l.Cosigned {
			o.Cosigned[string(c.Agency)] = c.Size
		}
		v.Logs = append(v.Logs, o)
	}
	for _, f := range r.Findings {
		o := verdictFinding{Fault: string(f.Fault), First: f.Index, Last: f.Until, Detail: f.Detail}
		if f.Export != record.SeveralExports {
			o.File = files[f.Export]
		}
		if f.Origin != (record.Origin{}) {
			o.Log = f.Origin.String()
		}
		v.Findings = append(v.Findings, o)
	}
	return v
}

func recordTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.00Z") }

func sayVerdict(e env, r *record.Report, files []string, bundles []*identity.Bundle) {
	e.printf("record of %sincident %s\n", exerciseMark(r.Exercise), r.Incident)
	for _, l := range r.Logs {
		e.printf("%s: log of %s: %d entries, %s to %s\n", files[l.Export], l.Origin.Agency, l.Entries, recordTime(l.From), recordTime(l.To))
		if l.Signed == 0 {
			e.printf("  signed by nobody that can be judged\n")
		} else {
			e.printf("  signed by %s as far as entry %d\n", joinNames(l.Sequencers), l.Signed-1)
		}
		for _, c := range l.Cosigned {
			e.printf("  cosigned by %s as far as entry %d, %s\n", shown(c.By), c.Size-1, recordTime(c.At))
		}
		e.printf("  %d bursts signed by their devices; %d contents shown\n", l.Bursts, l.Revealed)
		e.printf("  %s\n", closedWord(l.Closed))
	}
	for _, f := range r.Findings {
		where := ""
		if f.Export != record.SeveralExports && len(files) > 1 {
			where = files[f.Export] + ": "
		}
		e.printf("%s%s\n", where, phrase.Inert(f.String()))
	}
	if r.More > 0 {
		e.printf("and %d findings more\n", r.More)
	}
	switch {
	case !r.Intact():
		e.printf("TAMPERED WITH\n")
	case !r.Complete():
		e.printf("INTACT, but not complete\n")
	default:
		e.printf("VERIFIED: nothing changed, nothing missing, signed by everybody\n")
	}
	for _, b := range bundles {
		e.note("judged by the bundle of %s: %s", b.Agency, b.Fingerprint().String())
	}
}

func closedWord(closed bool) string {
	if closed {
		return "closed"
	}
	return "not closed: it may go on"
}

func joinNames(names []proto.Name) string {
	words := make([]string, len(names))
	for i, n := range names {
		words[i] = shown(n)
	}
	return strings.Join(words, ", ")
}

// sayTimeline prints the entries of each log as they stand.
func sayTimeline(e env, list []*record.Export) {
	for _, x := range list {
		for _, l := range x.Logs {
			e.printf("log of %s\n", l.Origin.Agency)
			for _, line := range l.Entries {
				entry, err := record.ParseEntry(line)
				if err != nil {
					e.printf("  ? %s\n", phrase.Inert(err.Error()))
					continue
				}
				e.printf("  %4d  %s  %-16s %s\n", entry.Index, recordTime(entry.Time), entry.Kind(), shown(entry.Actor))
			}
		}
	}
}
