// Package report turns an incident's record into what others read: the forms
// ICS 214 and ICS 205, messages of EDXL-RM, alerts of CAP, and a timeline.
//
//	standing := report.Inspect(export)             // or report.Judged(record.Verify(…))
//	incident, err := report.Read(export, standing)
//	form := incident.ActivityLog(options)
//
// A report shows what the record holds, in one language. What was said is shown
// only if the record's file reveals it and it is what its sender committed to;
// all else is "(sealed)". How far the record has been verified goes into every
// report.
//
// The package is pure: no file, clock, socket or goroutine.
package report
