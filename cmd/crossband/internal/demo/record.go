package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"crossband/cmd/crossband/internal/rig"
	"crossband/crypto/identity"
	"crossband/crypto/record"
)

// RecordReport is the part of a Report on the incident's record.
type RecordReport struct {
	Entries     int  `json:"entries"`
	CosignedBy  int  `json:"cosigned_by"` // agencies whose relays have signed all of it
	Verified    bool `json:"verified"`    // by the three bundles alone; both sides' copies are the same
	Revealed    int  `json:"revealed"`    // contents that the exporting desk can show
	Bursts      int  `json:"bursts"`      // with their talker's signature
	TamperFound bool `json:"tamper_found"`
}

// recordFile is the exported record's name in the demo's folder.
const recordFile = "incident.record"

// signedWithin is how long everybody's signature on the record is waited for.
const signedWithin = 20 * time.Second

// prove exports the incident's record on both sides of the border, verifies what the
// files say by the agencies' bundles, and shows that a changed one is found.
func (s *scene) prove(ctx context.Context) error {
	ours, err := s.signed(ctx, s.desk)
	if err != nil {
		return err
	}
	theirs, err := s.signed(ctx, s.guard)
	if err != nil {
		return err
	}
	if err := s.desk.Session.Reveal(ours); err != nil {
		return fmt.Errorf("reveal: %w", err)
	}
	if ours, err = s.keepRecord(ours); err != nil {
		return err
	}
	var bundles []*identity.Bundle
	for _, a := range s.agencies {
		auth, err := a.Dir.Authority()
		if err != nil {
			return err
		}
		bundles = append(bundles, auth.Bundle())
	}
	r, err := record.Verify([]*record.Export{ours, theirs}, bundles)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	s.judgeRecord(r)
	return s.tamper(ours, bundles)
}

// signed fetches the record until everybody has signed all of it.
func (s *scene) signed(ctx context.Context, d *rig.Device) (*record.Export, error) {
	ctx, cancel := context.WithTimeout(ctx, signedWithin)
	defer cancel()
	for {
		x, err := d.Session.Record(ctx, s.incidentID)
		if err != nil {
			return nil, fmt.Errorf("%s fetches the record: %w", d.Short(), err)
		}
		if x.Cosigned() {
			return x, nil
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return x, nil // for Verify to say what is missing
		}
	}
}

// keepRecord writes the file and reads it back: what is verified is the file.
func (s *scene) keepRecord(x *record.Export) (*record.Export, error) {
	var b bytes.Buffer
	if err := record.WriteExport(&b, x); err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	s.report.RecordFile = filepath.Join(s.o.Dir, recordFile)
	if err := os.WriteFile(s.report.RecordFile, b.Bytes(), 0o600); err != nil {
		return nil, err
	}
	return record.ReadExport(&b)
}

func (s *scene) judgeRecord(r *record.Report) {
	v := &s.report.Record
	signers := make(map[string]bool)
	for i, l := range r.Logs {
		if i > 0 && l.Export == r.Logs[0].Export || i == 0 {
			v.Entries, v.Bursts, v.Revealed = v.Entries+int(l.Entries), v.Bursts+l.Bursts, v.Revealed+l.Revealed
		}
		if l.Signed == l.Entries {
			signers[string(l.Origin.Agency)] = true
		}
		for _, c := range l.Cosigned {
			if c.Size == l.Entries {
				signers[string(c.Agency)] = true
			}
		}
	}
	v.CosignedBy, v.Verified = len(signers), r.Complete()
	for _, f := range r.Findings {
		s.say("record", "%s", f)
	}
	s.say("record", "%d entries, signed by %d agencies; %d bursts by their devices; verified by the bundles alone: %v", v.Entries, v.CosignedBy, v.Bursts, v.Verified)
}

// tamper changes one entry of a copy and sees whether that is found.
func (s *scene) tamper(x *record.Export, bundles []*identity.Bundle) error {
	forged := *x
	forged.Logs = append([]record.ExportedLog(nil), x.Logs...)
	l := &forged.Logs[0]
	l.Entries = append([][]byte(nil), l.Entries...)
	urgent := []byte(`"urgency":5`)
	hail := slices.IndexFunc(l.Entries, func(line []byte) bool { return bytes.Contains(line, urgent) })
	if hail < 0 {
		return errors.New("the record has no urgent call")
	}
	l.Entries[hail] = bytes.Replace(l.Entries[hail], urgent, []byte(`"urgency":1`), 1)
	r, err := record.Verify([]*record.Export{&forged}, bundles)
	if err != nil {
		return fmt.Errorf("verify a changed record: %w", err)
	}
	for _, f := range r.Findings {
		if f.Fault == record.Edited && f.Index == int64(hail) {
			s.report.Record.TamperFound = true
			s.say("record", "in a copy the call was made less urgent; found: %s", f)
		}
	}
	return nil
}
