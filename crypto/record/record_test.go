package record

import (
	"testing"
)

// TestARecordIsWholeAndSaysSo: what was logged, signed, cosigned and exported
// is found complete, with who vouches for how much.
func TestARecordIsWholeAndSaysSo(t *testing.T) {
	b := newBorder(t)
	x := reread(t, b.export(b.write(t, 30, []int{10, 30}, nil)))
	r := b.verify(t, x)
	for _, f := range r.Findings {
		t.Errorf("finding: %s", f)
	}
	l := r.Logs[0]
	if l.Entries != 30 || l.Sound != 30 || l.Signed != 30 || len(l.Cosigned) != 1 || l.Cosigned[0].Size != 30 || l.Cosigned[0].By != b.partner.Name {
		t.Errorf("report is %+v", l)
	}
	if len(l.Sequencers) != 1 || l.Sequencers[0] != b.hub.Name || !l.From.Equal(at(0)) || !l.To.Equal(at(29)) {
		t.Errorf("report is %+v", l)
	}
}
