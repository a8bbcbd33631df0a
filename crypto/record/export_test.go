package record

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"crossband/proto"
)

// fullExport has something in every part of the file.
func fullExport(t testing.TB) (*border, *Export) {
	b := newBorder(t)
	doc := []byte("agreement")
	x := b.export(b.write(t, 9, []int{4, 9}, change(5, &Agreement{DigestOf(doc)})))
	x.Agreements = [][]byte{doc}
	s := salt(2)
	x.Logs[0].Reveals = []Reveal{{2, s[:], content(2)}}
	return b, x
}

func written(t testing.TB, x *Export) []byte {
	t.Helper()
	var file bytes.Buffer
	ok(t, WriteExport(&file, x))
	return file.Bytes()
}

func TestAnExportIsReadAsItWasWritten(t *testing.T) {
	b, x := fullExport(t)
	for _, exercise := range []bool{false, true} {
		x.Exercise = exercise
		file := written(t, x)
		back := must(ReadExport(bytes.NewReader(file)))(t)
		if !reflect.DeepEqual(back, x) {
			t.Errorf("read as\n%+v\nwant\n%+v", back, x)
		}
		if !bytes.Equal(written(t, back), file) {
			t.Error("written again it has other octets")
		}
	}
	x.Exercise = false
	head := "crossband-record 1\nincident 01020300000000000000000000000000\npurpose actual\nfrom spiffe://usbp.example/relay/eagle-pass-1\ncertificate MI"
	if file := written(t, x); !bytes.HasPrefix(file, []byte(head)) || !bytes.HasSuffix(file, []byte("\nend\n")) {
		t.Errorf("the file is\n%s", file)
	}
	wantFindings(t, b.verify(t, reread(t, x)))
}

// TestATornExportIsNotRead: cut anywhere, it says so.
func TestATornExportIsNotRead(t *testing.T) {
	_, x := fullExport(t)
	file := written(t, x)
	for i := range len(file) {
		wantFault(t, failed(ReadExport(bytes.NewReader(file[:i]))), Malformed, fmt.Sprintf("cut at octet %d", i))
	}
	for _, more := range []string{"x", "\n", "end\n", string(file)} {
		wantFault(t, failed(ReadExport(io.MultiReader(bytes.NewReader(file), strings.NewReader(more)))), Malformed, "more after the end")
	}
}

// TestExportsHaveOneForm: lines that are out of place or in another spelling.
func TestExportsHaveOneForm(t *testing.T) {
	_, x := fullExport(t)
	file := string(written(t, x))
	entry := "entry " + string(x.Logs[0].Entries[0]) + "\n"
	for what, c := range map[string][2]string{
		"another version":                {"crossband-record 1", "crossband-record 2"},
		"no incident":                    {"incident 01", "incident "},
		"no purpose":                     {"purpose actual\n", ""},
		"another purpose":                {"purpose actual", "purpose drill"},
		"a maker that is none":           {"from spiffe://", "from "},
		"a word that is not known":       {"agreement ", "agreed "},
		"an empty line":                  {"log ", "\nlog "},
		"carriage returns":               {"\nlog ", "\r\nlog "},
		"a log twice":                    {"end\n", "log " + x.Logs[0].Origin.String() + "\nend\n"},
		"a log without origin":           {"log usbp.example/record/", "log usbp.example/"},
		"an entry before the log":        {"log ", entry + "log "},
		"an entry after the checkpoints": {"reveal ", entry + "reveal "},
		"a checkpoint after the reveals": {"end\n", "checkpoint\n| x\nend\n"},
		"a note outside of a checkpoint": {"reveal ", "agreement QQ==\n| x\nreveal "},
		"a checkpoint with a value":      {"checkpoint\n", "checkpoint x\n"},
		"base64 with a bit too many":     {"agreement YWdyZWVtZW50\n", "agreement YWdyZWVtZW5=\n"},
		"base64 without padding":         {"agreement YWdyZWVtZW50\n", "agreement YQ\n"},
		"an empty agreement":             {"agreement YWdyZWVtZW50\n", "agreement \n"},
		"an empty certificate":           {"certificate ", "certificate  "},
		"five certificates":              {"certificate ", "certificate QQ== QQ== QQ== QQ== "},
		"a reveal of entry 02":           {"reveal 2 ", "reveal 02 "},
		"a reveal of three parts":        {"reveal 2 ", "reveal "},
		"a salt of three octets":         {"reveal 2 ", "reveal 2 QUFB QUFB\nreveal 2 "},
		"an empty salt":                  {"reveal 2 ", "reveal 2  QUFB\nreveal 2 "},
	} {
		changed := strings.Replace(file, c[0], c[1], 1)
		if changed == file {
			t.Fatalf("%s: nothing was changed", what)
		}
		if _, err := ReadExport(strings.NewReader(changed)); FaultOf(err) != Malformed && FaultOf(err) != TooLarge {
			t.Errorf("%s: %v, want a refusal", what, err)
		}
	}
}

// TestExportLimits: what is at a limit is written and read, what is beyond is
// neither.
func TestExportLimits(t *testing.T) {
	b, x := fullExport(t)
	for what, c := range map[string]struct {
		at     func(x *Export)
		beyond func(x *Export)
	}{
		"logs": {func(x *Export) {
			for i := 1; i < MaxLogs; i++ {
				x.Logs = append(x.Logs, ExportedLog{Origin: Origin{"gn.example", proto.IncidentID{byte(i)}}})
			}
		}, func(x *Export) {
			x.Logs = append(x.Logs, ExportedLog{Origin: Origin{"gn.example", proto.IncidentID{255}}})
		}},
		"checkpoints": {func(x *Export) { x.Logs[0].Checkpoints = slices.Repeat([][]byte{[]byte("x\n")}, MaxCheckpoints) },
			func(x *Export) { x.Logs[0].Checkpoints = append(x.Logs[0].Checkpoints, []byte("x\n")) }},
		"a checkpoint": {func(x *Export) {
			x.Logs[0].Checkpoints = [][]byte{append(bytes.Repeat([]byte("x"), MaxCheckpoint-1), '\n')}
		},
			func(x *Export) {
				x.Logs[0].Checkpoints = [][]byte{append(bytes.Repeat([]byte("x"), MaxCheckpoint), '\n')}
			}},
		"chains": {func(x *Export) { x.Chains = slices.Repeat([][][]byte{{{1}}}, MaxChains) },
			func(x *Export) { x.Chains = append(x.Chains, [][]byte{{1}}) }},
		"a chain": {func(x *Export) { x.Chains = [][][]byte{{make([]byte, 16<<10-3), {1}, {2}, {3}}} },
			func(x *Export) { x.Chains = [][][]byte{{make([]byte, 16<<10), {1}}} }},
		"agreements": {func(x *Export) { x.Agreements = slices.Repeat([][]byte{{1}}, MaxAgreements) },
			func(x *Export) { x.Agreements = append(x.Agreements, []byte{1}) }},
		"an agreement": {func(x *Export) { x.Agreements = [][]byte{make([]byte, MaxAgreement)} },
			func(x *Export) { x.Agreements = [][]byte{make([]byte, MaxAgreement+1)} }},
		"a revealed content": {func(x *Export) { x.Logs[0].Reveals = []Reveal{{0, nil, make([]byte, MaxContent)}} },
			func(x *Export) { x.Logs[0].Reveals = []Reveal{{0, nil, make([]byte, MaxContent+1)}} }},
		"reveals": {func(x *Export) { x.Logs[0].Reveals = slices.Repeat([]Reveal{{0, nil, []byte{1}}}, MaxReveals) },
			func(x *Export) { x.Logs[0].Reveals = append(x.Logs[0].Reveals, Reveal{0, nil, []byte{1}}) }},
		"an entry": {func(x *Export) { x.Logs[0].Entries = [][]byte{bytes.Repeat([]byte("x"), MaxEntry)} },
			func(x *Export) { x.Logs[0].Entries = [][]byte{bytes.Repeat([]byte("x"), MaxEntry+1)} }},
		"the file": {func(x *Export) {
			x.Logs[0].Entries = slices.Repeat([][]byte{bytes.Repeat([]byte("x"), MaxEntry)}, 8100)
		},
			func(x *Export) {
				x.Logs[0].Entries = slices.Repeat([][]byte{bytes.Repeat([]byte("x"), MaxEntry)}, 8192)
			}},
	} {
		y := *x
		y.Logs = slices.Clone(x.Logs)
		c.at(&y)
		var file bytes.Buffer
		if err := WriteExport(&file, &y); err != nil {
			t.Errorf("%s at the limit: %v", what, err)
		} else if _, err := ReadExport(bytes.NewReader(file.Bytes())); err != nil {
			t.Errorf("%s at the limit: %v", what, err)
		}
		c.beyond(&y)
		if err := WriteExport(io.Discard, &y); FaultOf(err) != TooLarge && FaultOf(err) != Malformed {
			t.Errorf("%s beyond the limit: %v", what, err)
		}
	}
	x.From = proto.Name{}
	wantFault(t, WriteExport(io.Discard, x), Malformed, "nobody made it")
	wantFault(t, WriteExport(io.Discard, &Export{From: b.hub.Name, Logs: []ExportedLog{{Origin: b.origin, Entries: [][]byte{[]byte("a\nb")}}}}), Malformed, "an entry of two lines")
}

// TestReadersRefuseWhatWritersWould, by files that no writer makes.
func TestReadersRefuseWhatWritersWould(t *testing.T) {
	b, x := fullExport(t)
	whole := string(written(t, &Export{Incident: b.origin.Incident, From: b.hub.Name, Logs: []ExportedLog{{Origin: b.origin}}}))
	head := strings.TrimSuffix(whole, "end\n")
	for what, part := range map[string]string{
		"entries":       strings.Repeat("entry x\n", MaxEntries+1),
		"an entry":      "entry " + strings.Repeat("x", MaxEntry+1) + "\n",
		"checkpoints":   strings.Repeat("checkpoint\n", MaxCheckpoints+1),
		"a checkpoint":  "checkpoint\n" + strings.Repeat("| xxxxxxxxxxxxxx\n", MaxCheckpoint/15+1),
		"chains":        strings.Repeat("certificate QQ==\n", MaxChains+1),
		"agreements":    strings.Repeat("agreement QQ==\n", MaxAgreements+1),
		"reveals":       strings.Repeat("reveal 0 - QQ==\n", MaxReveals+1),
		"a line":        "agreement " + strings.Repeat("Q", maxLine) + "\n",
		"the file":      strings.Repeat("checkpoint\n| x\n", 10) + strings.Repeat("| "+strings.Repeat("x", 1000)+"\n", 70_000),
		"a reveal's":    fmt.Sprintf("reveal %d - QQ==\n", MaxEntries),
		"certificates'": "certificate" + strings.Repeat(" "+strings.Repeat("QUFB", 1500), 4) + "\n",
	} {
		wantFault(t, failed(ReadExport(strings.NewReader(head+part+"end\n"))), TooLarge, what+" beyond the limit")
	}
	many := head
	for i := range MaxLogs {
		many += "log " + Origin{"gn.example", proto.IncidentID{byte(i)}}.String() + "\n"
	}
	wantFault(t, failed(ReadExport(strings.NewReader(many+"end\n"))), TooLarge, "logs beyond the limit")
	if _, err := ReadExport(io.MultiReader(bytes.NewReader(written(t, x)[:500]), brokenReader{})); err == nil || FaultOf(err) != "" {
		t.Errorf("a reader that fails: %v", err)
	}
}

// TestTheLargestFile is read, and one octet more is not.
func TestTheLargestFile(t *testing.T) {
	b := newBorder(t)
	whole := written(t, &Export{Incident: b.origin.Incident, From: b.hub.Name, Logs: []ExportedLog{{Origin: b.origin}}})
	file := bytes.TrimSuffix(whole, []byte("end\n"))
	line := "entry " + strings.Repeat("x", 993) + "\n"
	for len(file)+len(line)+2000 < MaxExport {
		file = append(file, line...)
	}
	rest := MaxExport - len(file) - len("entry \nend\n")
	for _, more := range []int{0, 1} {
		_, err := ReadExport(io.MultiReader(bytes.NewReader(file), strings.NewReader("entry "+strings.Repeat("x", rest+more)+"\nend\n")))
		if more == 0 && err != nil {
			t.Errorf("at the limit: %v", err)
		} else if more == 1 {
			wantFault(t, err, TooLarge, "an octet more")
		}
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrNoProgress }

// FuzzExport: what is read can be verified, and is written again as it was.
func FuzzExport(f *testing.F) {
	b, x := fullExport(f)
	f.Add(written(f, x))
	f.Add(written(f, b.export(&history{})))
	y := *x
	y.Logs = slices.Clone(x.Logs)
	y.Logs[0].Entries = slices.Delete(slices.Clone(x.Logs[0].Entries), 3, 4)
	f.Add(written(f, &y))
	f.Fuzz(func(t *testing.T, file []byte) {
		x, err := ReadExport(bytes.NewReader(file))
		if err != nil {
			return
		}
		if got := written(t, x); !bytes.Equal(got, file) {
			t.Fatalf("%q\nis written again as\n%q", file, got)
		}
		r := verify([]*Export{x}, b.judge)
		for _, f := range r.Findings {
			_ = f.String()
		}
		if r.Complete() && len(x.Logs) == 0 {
			t.Fatal("nothing at all is a complete record")
		}
	})
}

// What a log's signatures need is told from what nothing is signed under.
func TestNeedsTellsUsedCertificates(t *testing.T) {
	b := newBorder(t)
	h := b.write(t, 3, []int{3}, nil)
	n := b.export(h).Logs[0].Needs()
	for what, c := range map[string]struct {
		chain [][]byte
		want  bool
	}{
		"the sequencer's": {b.hub.Chain, true}, "a cosigner's": {b.partner.Chain, true}, "somebody's": {b.stranger.Chain, false},
		"none": {nil, false}, "one that cannot be read": {[][]byte{{1, 2, 3}}, false},
	} {
		if got := n.Chain(c.chain); got != c.want {
			t.Errorf("%s certificate: %t, want %t", what, got, c.want)
		}
	}
}
