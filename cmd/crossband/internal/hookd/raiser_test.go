package hookd

import (
	"testing"

	"crossband/client"
	"crossband/proto"
)

// TestAnAlertIsNotRaisedInWhatIsOver: a hub would refuse it for ever.
func TestAnAlertIsNotRaisedInWhatIsOver(t *testing.T) {
	a, b, c, none := proto.IncidentID{1}, proto.IncidentID{2}, proto.IncidentID{3}, proto.IncidentID{}
	hail := proto.MessageID{9}
	info := func(id proto.IncidentID, s client.IncidentState, into proto.IncidentID) client.Incident {
		return client.Incident{ID: id, State: s, Into: into}
	}
	for name, tt := range map[string]struct {
		list []client.Incident
		want proto.IncidentID // zero: a new one
	}{
		"not known":             {nil, a},
		"others are":            {[]client.Incident{info(b, client.IncidentClosed, none)}, a},
		"open":                  {[]client.Incident{info(a, client.IncidentOpen, none)}, a},
		"its hails are over":    {[]client.Incident{info(a, client.IncidentOver, none)}, a},
		"merged":                {[]client.Incident{info(a, client.IncidentMerged, b), info(b, client.IncidentAccepted, none)}, b},
		"merged twice":          {[]client.Incident{info(a, client.IncidentMerged, b), info(b, client.IncidentMerged, c), info(c, client.IncidentOpen, none)}, c},
		"merged into forgotten": {[]client.Incident{info(a, client.IncidentMerged, b)}, b},
		"closed":                {[]client.Incident{info(a, client.IncidentClosed, none)}, none},
		"merged and closed":     {[]client.Incident{info(a, client.IncidentMerged, b), info(b, client.IncidentClosed, none)}, none},
	} {
		got := incidentOf(tt.list, a, hail)
		if tt.want != none && got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
		if tt.want == none && (got == a || got == b || got == none || got != incidentOf(tt.list, a, hail) || got == incidentOf(tt.list, a, proto.MessageID{8})) {
			t.Errorf("%s: %s is no new one, the same for the same hail", name, got)
		}
	}
}
