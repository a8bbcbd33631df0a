package ics

import "fmt"

// sheet fills the form ICS 214 (version of 2010 and later).
func (l ActivityLog) sheet(c clock) (sheet, error) {
	if err := l.check(); err != nil {
		return sheet{}, err
	}
	resources := &table{columns: []column{{"Name", 25}, {"ICS Position", 22}, {"Home Agency (and Unit)", 0}}}
	for _, r := range l.Resources {
		resources.rows = append(resources.rows, []string{r.Name, r.Position, r.Agency})
	}
	activities := &table{columns: []column{{"Date/Time", 29}, {"Notable Activities", 0}}}
	for _, a := range l.Activities {
		activities.rows = append(activities.rows, []string{c.both(a.At), a.What})
	}
	return sheet{
		number: "ICS 214", title: "ACTIVITY LOG", incident: l.Incident, exercise: l.Exercise,
		boxes: []box{
			{number: 1, title: "Incident Name", text: l.Incident},
			{number: 2, title: "Operational Period", fields: c.period(l.Period)},
			{number: 3, title: "Name", text: l.Name},
			{number: 4, title: "ICS Position", text: l.Position},
			{number: 5, title: "Home Agency (and Unit)", text: l.Agency},
			{number: 6, title: "Resources Assigned", table: resources},
			{number: 7, title: "Activity Log", table: activities},
			{number: 8, title: "Prepared by", fields: []field{{"Name", l.Prepared.Name}, {"Position/Title", l.Prepared.Position}, {"Signature", blank}}},
		},
		foot:   c.fields("Date", "Time", l.Prepared.At),
		export: l.export(c),
	}, nil
}

func (l ActivityLog) check() error {
	if err := l.Period.check(); err != nil {
		return err
	}
	for n, a := range l.Activities {
		if err := checkTime(fmt.Sprintf("activity %d", n+1), a.At); err != nil {
			return err
		}
	}
	return checkTime("prepared", l.Prepared.At)
}

// export has a column for each time, so that a spreadsheet can sort by it.
func (l ActivityLog) export(c clock) table {
	t := table{columns: []column{{"Incident", 0}, {"Date (UTC)", 0}, {"Time (UTC)", 0}, {"Date (local)", 0}, {"Time (local)", 0}, {"Notable Activities", 0}}}
	for _, a := range l.Activities {
		date, clock := c.utc(a.At)
		localDate, localClock := c.local(a.At)
		t.rows = append(t.rows, []string{l.Incident, date, clock, localDate, localClock, a.What})
	}
	return t
}
