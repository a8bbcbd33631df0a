package record

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"io"
	"strconv"

	"crossband/proto"
)

// WriteExport writes the file. It refuses what ReadExport would, before the
// first octet is written if it is a matter of numbers.
func WriteExport(w io.Writer, x *Export) error {
	if err := x.countable(); err != nil {
		return err
	}
	out := &exporter{w: bufio.NewWriter(w)}
	out.head(x)
	for _, c := range x.Chains {
		out.chain(c)
	}
	for _, a := range x.Agreements {
		if len(a) == 0 || len(a) > MaxAgreement {
			out.fail(refuse(TooLarge, "agreement of %d octets, 1 to %d are allowed", len(a), MaxAgreement))
		}
		out.line(wordAgreement, base64.StdEncoding.EncodeToString(a))
	}
	for i := range x.Logs {
		out.log(&x.Logs[i])
	}
	out.line(wordEnd)
	if out.err != nil {
		return out.err
	}
	return out.w.Flush()
}

// countable refuses an export of too many parts.
func (x *Export) countable() error {
	n := counts{chains: len(x.Chains), agreements: len(x.Agreements), logs: len(x.Logs)}
	for i := range x.Logs {
		n.entries += len(x.Logs[i].Entries)
		n.checkpoints += len(x.Logs[i].Checkpoints)
		n.reveals += len(x.Logs[i].Reveals)
	}
	return n.check()
}

// counts is how many of each part there are.
type counts struct{ chains, agreements, logs, entries, checkpoints, reveals int }

func (n counts) check() error {
	for _, c := range []struct {
		what     string
		is, most int
	}{
		{"certificate chains", n.chains, MaxChains}, {"agreements", n.agreements, MaxAgreements}, {"logs", n.logs, MaxLogs},
		{"entries", n.entries, MaxEntries}, {"checkpoints", n.checkpoints, MaxCheckpoints}, {"reveals", n.reveals, MaxReveals},
	} {
		if c.is > c.most {
			return refuse(TooLarge, "an export with %d %s, at most %d are allowed", c.is, c.what, c.most)
		}
	}
	return nil
}

// exporter writes lines and keeps the first error.
type exporter struct {
	w    *bufio.Writer
	size int
	err  error
}

func (o *exporter) fail(err error) {
	if o.err == nil {
		o.err = err
	}
}

func (o *exporter) line(word string, values ...string) {
	n := len(word) + 1
	for _, v := range values {
		n += 1 + len(v)
	}
	if o.size += n; o.size > MaxExport || n > maxLine {
		o.fail(refuse(TooLarge, "an export of %d octets with a line of %d, at most %d and %d are allowed", o.size, n, MaxExport, maxLine))
	}
	if o.err != nil {
		return
	}
	o.w.WriteString(word) // bufio keeps the error for Flush
	for _, v := range values {
		o.w.WriteByte(' ')
		o.w.WriteString(v)
	}
	o.w.WriteByte('\n')
}

func (o *exporter) head(x *Export) {
	purpose := purposeActual
	if x.Exercise {
		purpose = purposeExercise
	}
	o.line(fileVersion)
	o.line(wordIncident, x.Incident.String())
	o.line(wordPurpose, purpose)
	if x.From == (proto.Name{}) {
		o.fail(refuse(Malformed, "an export that says not who made it"))
	}
	o.line(wordFrom, x.From.String())
}

func (o *exporter) chain(chain [][]byte) {
	if err := sizedChain(chain); err != nil {
		o.fail(err)
	}
	var texts []string
	for _, c := range chain {
		texts = append(texts, base64.StdEncoding.EncodeToString(c))
	}
	o.line(wordCertificate, texts...)
}

func (o *exporter) log(l *ExportedLog) {
	o.line(wordLog, l.Origin.String())
	for _, e := range l.Entries {
		if len(e) == 0 || len(e) > MaxEntry || bytes.IndexByte(e, '\n') >= 0 {
			o.fail(refuse(Malformed, "an entry of %d octets or more than one line", len(e)))
		}
		o.line(wordEntry, string(e))
	}
	for _, c := range l.Checkpoints {
		o.checkpoint(c)
	}
	for _, r := range l.Reveals {
		if err := r.sized(); err != nil {
			o.fail(err)
		}
		salt := "-"
		if len(r.Salt) > 0 {
			salt = base64.StdEncoding.EncodeToString(r.Salt)
		}
		o.line(wordReveal, strconv.FormatUint(r.Index, 10), salt, base64.StdEncoding.EncodeToString(r.Content))
	}
}

func (o *exporter) checkpoint(note []byte) {
	if len(note) > MaxCheckpoint || len(note) > 0 && !bytes.HasSuffix(note, []byte("\n")) {
		o.fail(refuse(Malformed, "a checkpoint of %d octets, or without a line feed at its end", len(note)))
	}
	o.line(wordCheckpoint)
	for l := range bytes.Lines(note) {
		o.line(wordNote, string(bytes.TrimSuffix(l, []byte("\n"))))
	}
}
