package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crossband/client/phrase"
	"crossband/cmd/crossband/internal/report"
	"crossband/crypto/record"
	"crossband/formats/ics"
)

type reportOptions struct {
	form, format, zone, lang, out string
	bundles                       []string
	evenSo                        bool
}

func newIncidentReportCommand(e env) *cobra.Command {
	var o reportOptions
	c := &cobra.Command{
		Use:   "report FILE --form FORM",
		Short: "Make forms and messages of an incident's record, offline",
		Long: `Make of an incident's record, as crossband incident export writes it, what others
read; offline.

  ics-214   activity log (FEMA ICS 214)            text, html, csv
  ics-205   radio communications plan (ICS 205)    text, html, csv
  edxl-rm   the calls and answers in EDXL-RM 1.0   xml
  cap       the calls in CAP 1.2, 3 languages      xml
  timeline  every entry as a sentence              text, json (one object a line)

What was said is shown only if the file was exported with --reveal and it is what
was said; all else is "(sealed)". With --bundle for each agency the record is
verified, and every report says who signed how much of it; without, that it is
not verified. A record that was changed is refused; --even-so makes reports of it
that say so on every page.

Messages of edxl-rm and cap come in one file (an EDXL-DE envelope, an Atom feed),
or, if --out is a folder or ends with a slash, each in a file of its own.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return runReport(e, args[0], o) },
	}
	c.Flags().StringVar(&o.form, "form", "", "ics-214, ics-205, edxl-rm, cap or timeline")
	c.Flags().StringVar(&o.format, "format", "", "text, html, csv, xml or json; empty: the form's first")
	c.Flags().StringVar(&o.zone, "zone", "UTC", "local time beside UTC, such as America/Chicago")
	c.Flags().StringVar(&o.lang, "lang", "en", "language of the sentences: en, es or fr")
	c.Flags().StringVar(&o.out, "out", "", "file or folder to write, not there yet; empty: standard output")
	c.Flags().StringArrayVar(&o.bundles, "bundle", nil, "an agency's trust bundle, to verify by (repeatable)")
	c.Flags().BoolVar(&o.evenSo, "even-so", false, "report a record that was changed, and say so on every page")
	return c
}

// formatsOf are the formats of a form, the usual one first.
func formatsOf(form string) []string {
	switch form {
	case "ics-214", "ics-205":
		return []string{"text", "html", "csv"}
	case "edxl-rm", "cap":
		return []string{"xml"}
	case "timeline":
		return []string{"text", "json"}
	}
	return nil
}

func runReport(e env, file string, o reportOptions) error {
	settings, err := o.settle()
	if err != nil {
		return err
	}
	x, err := readRecord(file)
	if err != nil {
		return err
	}
	standing, err := judge(e, x, o.bundles)
	if err != nil {
		return err
	}
	if standing.Tampered() {
		if !o.evenSo {
			return fmt.Errorf("%w: %s", errTampered, standing.Faults[0])
		}
		e.note("%s", phrase.Inert(standing.Warning(phrase.English)))
	}
	i, err := report.Read(x, standing)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return o.make(e, i, settings)
}

// settle reads the flags, and makes up what was left out.
func (o *reportOptions) settle() (report.Options, error) {
	formats := formatsOf(o.form)
	switch {
	case o.form == "":
		return report.Options{}, usageError{errors.New("--form is required: ics-214, ics-205, edxl-rm, cap or timeline")}
	case formats == nil:
		return report.Options{}, usageError{fmt.Errorf("--form %q: want ics-214, ics-205, edxl-rm, cap or timeline", o.form)}
	case o.format == "":
		o.format = formats[0]
	case !slices.Contains(formats, o.format):
		return report.Options{}, usageError{fmt.Errorf("--format %q: %s is made as %s", o.format, o.form, strings.Join(formats, ", "))}
	}
	if o.folder() && o.format != "xml" {
		return report.Options{}, usageError{fmt.Errorf("--out %s is a folder; %s is one file", o.out, o.form)}
	}
	l, err := phrase.ParseLanguage(o.lang)
	if err != nil {
		return report.Options{}, usageError{err}
	}
	zone, err := time.LoadLocation(o.zone)
	if err != nil || o.zone == "" || o.zone == "Local" {
		return report.Options{}, usageError{fmt.Errorf("--zone %q: want a name of the time zone database, such as America/Chicago", o.zone)}
	}
	return report.Options{Language: l, Zone: zone, Now: time.Now()}, nil
}

// folder reports whether each message goes into a file of its own.
func (o *reportOptions) folder() bool {
	if strings.HasSuffix(o.out, "/") {
		return true
	}
	info, err := os.Stat(o.out)
	return err == nil && info.IsDir()
}

// judge verifies the record by the bundles, or looks at it without any.
func judge(e env, x *record.Export, files []string) (report.Standing, error) {
	if len(files) == 0 {
		return report.Inspect(x), nil
	}
	bundles, err := readBundles(files)
	if err != nil {
		return report.Standing{}, err
	}
	r, err := record.Verify([]*record.Export{x}, bundles)
	if err != nil {
		return report.Standing{}, err
	}
	for _, b := range bundles {
		e.note("judged by the bundle of %s: %s", b.Agency, b.Fingerprint().String())
	}
	return report.Judged(r), nil
}

// make makes the report and writes it.
func (o *reportOptions) make(e env, i *report.Incident, s report.Options) error {
	if o.folder() {
		documents := i.EDXLDocuments
		if o.form == "cap" {
			documents = i.CAPDocuments
		}
		list, err := documents(s)
		if err != nil {
			return err
		}
		return writeDocuments(e, o.out, list)
	}
	made, err := o.render(i, s)
	if err != nil {
		return err
	}
	if o.out != "" {
		return writeNew(o.out, made)
	}
	_, err = e.out.Write(made)
	return err
}

func (o *reportOptions) render(i *report.Incident, s report.Options) ([]byte, error) {
	switch o.form {
	case "ics-214":
		return renderForm(i.ActivityLog(s), i.Layout(s), o.format)
	case "ics-205":
		return renderForm(i.RadioPlan(s), i.Layout(s), o.format)
	case "edxl-rm":
		return i.EDXLFile(s)
	case "cap":
		feed, err := i.CAPFeed(s)
		if errors.Is(err, report.ErrFeed) {
			err = fmt.Errorf("%w: write each into a file of its own with --out DIR/", err)
		}
		return feed, err
	}
	if o.format == "json" {
		return i.TimelineJSON(s)
	}
	return i.TimelineText(s), nil
}

func renderForm(f ics.Form, l ics.Layout, format string) ([]byte, error) {
	switch format {
	case "html":
		return ics.HTML(f, l)
	case "csv":
		return ics.CSV(f, l)
	}
	return ics.Text(f, l)
}

// writeDocuments writes each into the folder, all of them or none.
func writeDocuments(e env, folder string, list []report.Document) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for n, d := range list {
		path := filepath.Join(folder, d.Name)
		if err := writeNew(path, d.XML); err != nil {
			for _, before := range list[:n] {
				os.Remove(filepath.Join(folder, before.Name))
			}
			return err
		}
	}
	for _, d := range list {
		e.printf("%s\n", filepath.Join(folder, d.Name))
	}
	return nil
}
