package report_test

import (
	"testing"

	"crossband/client/phrase"
	"crossband/cmd/crossband/internal/report"
	"crossband/cmd/crossband/internal/report/reporttest"
	"crossband/crypto/record"
	"crossband/formats/ics"
	"crossband/proto"
)

// BenchmarkReport makes the longest reports of a record of 10,000 entries.
func BenchmarkReport(b *testing.B) {
	border := reporttest.NewBorder(b)
	entries := border.Ordinary(b)
	for n := len(entries); n < 10_000; n++ {
		entries = append(entries, reporttest.Entry{Actor: border.Unit(), Body: &record.FloorGranted{
			Channel: reporttest.Channel(), Burst: proto.BurstID{byte(n), byte(n >> 8)}, Priority: proto.PriorityUrgent}})
	}
	x, o := border.Record(b, false, entries...), options(phrase.English)
	i, err := report.Read(x, report.Inspect(x))
	ok(b, err)
	b.Run("Inspect", func(b *testing.B) {
		for b.Loop() {
			report.Inspect(x)
		}
	})
	b.Run("TimelineText", func(b *testing.B) {
		for b.Loop() {
			i.TimelineText(o)
		}
	})
	b.Run("ActivityLogText", func(b *testing.B) {
		for b.Loop() {
			_, err := ics.Text(i.ActivityLog(o), i.Layout(o))
			ok(b, err)
		}
	})
}
