// Package ics fills two forms of the US Incident Command System (FEMA 502-2):
// ICS 214, Activity Log, and ICS 205, Incident Radio Communications Plan.
//
// Each form is rendered as plain text in pages, as one self-contained HTML page
// for printing on US Letter paper, and its rows as CSV. All three say the same.
// The boxes carry the numbers and titles of the paper forms.
//
// What people and other agencies wrote is untrusted: it is laid out and cannot
// steer a terminal, a browser or a spreadsheet. Nothing of it is left out:
// control and invisible characters are written out, as <U+001B>.
//
// Dates are year-month-day: the forms' month/day/year is read as day/month/year
// on the other side of a border. Each time is given in UTC and, if another zone
// is asked for, in that zone with its offset.
//
// The package is pure and imports nothing of ours.
package ics
