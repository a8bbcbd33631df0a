package hub_test

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	pb "google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"crossband/crypto/mls/roster"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/hub"
)

// parseFrame builds a frame from a script's words: KIND [CHANNEL] [ID]
// FIELD=VALUE... The fields are those of wire.proto.
func (w *world) parseFrame(words []string) (*wire.Frame, error) {
	f := new(wire.Frame)
	body := f.ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name(strings.ReplaceAll(words[0], "-", "_")))
	if body == nil || body.Message() == nil {
		return nil, fmt.Errorf("no kind %q", words[0])
	}
	m := f.ProtoReflect().NewField(body).Message()
	f.ProtoReflect().Set(body, protoreflect.ValueOfMessage(m))
	if words[0] == "document" && len(words) == 2 && !strings.Contains(words[1], "=") {
		return f, w.documentFrame(f, words[1])
	}
	var positions []protoreflect.Name
	for _, name := range []protoreflect.Name{"channel", "charter", "id"} {
		if fd := m.Descriptor().Fields().ByName(name); fd != nil && (name != "charter" || fd.Number() == 1) {
			positions = append(positions, name)
		}
	}
	for _, word := range words[1:] {
		name, value, ok := strings.Cut(word, "=")
		if !ok {
			if len(positions) == 0 {
				return nil, fmt.Errorf("%q has no place in %s", word, words[0])
			}
			name, value, positions = string(positions[0]), word, positions[1:]
		}
		if err := w.setField(m, strings.ReplaceAll(name, "-", "_"), value); err != nil {
			return nil, err
		}
	}
	w.complete(f)
	return f, nil
}

// complete fills in what a script need not say.
func (w *world) complete(f *wire.Frame) {
	if m := proto.EnvelopeOf(f); m != nil && m.GetCommitment() == nil {
		proto.SetCommitment(m, make([]byte, proto.CommitmentLen))
	}
	switch b := f.Body.(type) {
	case *wire.Frame_Commit:
		w.made.fillCommit(b.Commit)
	case *wire.Frame_CreateChannel:
		if b.CreateChannel.RatchetTree == nil {
			b.CreateChannel.RatchetTree = w.made.treeOf(b.CreateChannel.GroupInfo)
		}
	case *wire.Frame_GroupInfo:
		if b.GroupInfo.RatchetTree == nil {
			b.GroupInfo.RatchetTree = w.made.treeOf(b.GroupInfo.GroupInfo)
		}
	case *wire.Frame_Text:
		if b.Text.Epoch == 0 {
			b.Text.Epoch = w.epoch(b.Text.Channel)
		}
		if b.Text.Sealed == nil {
			b.Text.Sealed = []byte("sealed")
		}
	case *wire.Frame_Hail:
		if b.Hail.Epoch == 0 {
			b.Hail.Epoch = w.epoch(b.Hail.Channel)
		}
	case *wire.Frame_HailReply, *wire.Frame_PageResult, *wire.Frame_Incident, *wire.Frame_Duty:
		if m := proto.EnvelopeOf(f); m.GetEpoch() == 0 {
			proto.SetSealed(m, m.GetSealed(), w.epoch(m.GetChannel()))
		}
	}
}

func (w *world) epoch(channel []byte) uint64 {
	for _, v := range w.hub.View() {
		if string(v.ID[:]) == string(channel) {
			return v.Epoch
		}
	}
	return 0
}

// documentFrame completes a document's frame: document NAME.
func (w *world) documentFrame(f *wire.Frame, name string) error {
	d, ok := w.made.documents[name]
	if !ok {
		return fmt.Errorf("no document %q", name)
	}
	f.Body = &wire.Frame_Document{Document: &wire.Document{Kind: wire.Document_Kind(d.kind), Signed: d.signed}}
	return nil
}

func (w *world) setField(m protoreflect.Message, name, value string) error {
	fd := m.Descriptor().Fields().ByName(protoreflect.Name(name))
	if fd == nil {
		return fmt.Errorf("%s has no field %q", m.Descriptor().Name(), name)
	}
	if fd.IsList() {
		if one, count, ok := strings.Cut(value, "*"); ok { // NAME*N
			n, err := strconv.Atoi(count)
			if err != nil {
				return err
			}
			value = strings.TrimSuffix(strings.Repeat(one+",", n), ",")
		}
		for _, v := range strings.Split(value, ",") {
			if fd.Message() != nil && fd.Message().Name() == "Mark" { // NAME:SEQ
				mark, err := parseMark(v)
				if err != nil {
					return err
				}
				m.Mutable(fd).List().Append(protoreflect.ValueOfMessage(mark.ProtoReflect()))
				continue
			}
			if fd.Message() != nil && fd.Message().Name() == "Presence" { // NAME, or -NAME who is not
				n, err := parseName(strings.TrimPrefix(v, "-"))
				if err != nil {
					return err
				}
				p := &wire.Progress_Presence{Name: n.String(), Here: !strings.HasPrefix(v, "-")}
				m.Mutable(fd).List().Append(protoreflect.ValueOfMessage(p.ProtoReflect()))
				continue
			}
			if fd.Kind() == protoreflect.MessageKind { // SEQ:ID:EPOCH, a commit in the log
				e, err := w.parseEntry(v)
				if err != nil {
					return err
				}
				m.Mutable(fd).List().Append(protoreflect.ValueOfMessage(e.ProtoReflect()))
				continue
			}
			one, err := w.parseValue(fd, v)
			if err != nil {
				return err
			}
			m.Mutable(fd).List().Append(one)
		}
		return nil
	}
	if fd.Kind() == protoreflect.MessageKind { // FloorTaken in Subscribed: floor=BURST:HOLDER:LEAF:PRIORITY
		parts := strings.Split(value, ":")
		sub := m.Mutable(fd).Message()
		sub.Set(sub.Descriptor().Fields().ByName("channel"), m.Get(m.Descriptor().Fields().ByName("channel")))
		for i, field := range []string{"burst", "holder", "leaf", "priority"} {
			if err := w.setField(sub, field, parts[i]); err != nil {
				return err
			}
		}
		return nil
	}
	v, err := w.parseValue(fd, value)
	if err == nil {
		m.Set(fd, v)
	}
	return err
}

func parseMark(s string) (*wire.Progress_Mark, error) {
	name, seq, _ := strings.Cut(s, ":")
	if n, err := parseName(name); err == nil {
		name = n.String()
	}
	n, err := strconv.ParseUint(seq, 10, 64)
	return &wire.Progress_Mark{Name: name, Seq: n}, err
}

func (w *world) parseEntry(s string) (*wire.Entry, error) {
	parts := strings.Split(s, ":")
	if len(parts) != 3 && len(parts) != 4 {
		return nil, fmt.Errorf("entry %q is not SEQ:ID:EPOCH or SEQ:ID:EPOCH:INFO", s)
	}
	seq, err := strconv.ParseUint(parts[0], 10, 64)
	if err != nil {
		return nil, err
	}
	epoch, err := strconv.ParseUint(parts[2], 10, 64)
	c := &wire.Commit{Id: id(parts[1], 16), Epoch: epoch}
	if made := w.made.commits[parts[1]]; made != nil {
		c.Message, c.GroupInfo = made.message, made.groupInfo
	}
	if len(parts) == 4 { // group information of another commit, or of none
		c.GroupInfo = nil
		if other := w.made.commits[parts[3]]; other != nil {
			c.GroupInfo = other.groupInfo
		}
	}
	return &wire.Entry{Seq: seq, TimeMs: w.now.UnixMilli(), Item: &wire.Entry_Commit{Commit: c}}, err
}

func (w *world) parseValue(fd protoreflect.FieldDescriptor, s string) (protoreflect.Value, error) {
	switch fd.Kind() {
	case protoreflect.BytesKind:
		b, err := w.parseBytes(fd.Name(), s)
		return protoreflect.ValueOfBytes(b), err
	case protoreflect.StringKind:
		if a, ok := agencies()[s]; ok {
			return protoreflect.ValueOfString(string(a)), nil
		}
		if raw, ok := strings.CutPrefix(s, "raw:"); ok {
			return protoreflect.ValueOfString(raw), nil
		}
		n, err := parseName(s)
		return protoreflect.ValueOfString(n.String()), err
	case protoreflect.EnumKind:
		n, err := strconv.ParseInt(s, 10, 32)
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(n)), err
	case protoreflect.BoolKind:
		b, err := strconv.ParseBool(s)
		return protoreflect.ValueOfBool(b), err
	case protoreflect.Int64Kind:
		d, err := time.ParseDuration(s)
		return protoreflect.ValueOfInt64(w.now.Add(d).UnixMilli()), err
	}
	n, err := parseNumber(fd.Name(), s)
	if fd.Kind() == protoreflect.Uint32Kind {
		return protoreflect.ValueOfUint32(uint32(n)), err
	}
	return protoreflect.ValueOfUint64(n), err
}

func parseNumber(field protoreflect.Name, s string) (uint64, error) {
	if n, err := strconv.ParseUint(s, 10, 64); err == nil {
		return n, nil
	}
	switch field {
	case "priority", "urgency":
		p, err := proto.ParsePriority(s)
		return uint64(p), err
	case "state":
		for st := proto.HailSent; st <= proto.HailClosed; st++ {
			if strings.EqualFold(st.String(), s) {
				return uint64(st), nil
			}
		}
	case "act": // hand-over, merge, re-arm, close; on, off, stand-in, unmanned, manned
		for i, words := range [][]string{{"hand-over", "on"}, {"merge", "off"}, {"re-arm", "stand-in"}, {"close", "unmanned"}, {"manned"}} {
			if slices.Contains(words, s) {
				return uint64(i + 1), nil
			}
		}
	case "disposition":
		d, err := proto.ParseDisposition(s)
		return uint64(d), err
	}
	return 0, fmt.Errorf("%s=%q is no number or word", field, s)
}

func (w *world) parseBytes(field protoreflect.Name, s string) ([]byte, error) {
	if raw, ok := strings.CutPrefix(s, "raw:"); ok {
		return []byte(raw), nil
	}
	if size, ok := strings.CutPrefix(s, "big:"); ok {
		n, err := strconv.Atoi(size)
		return make([]byte, n), err
	}
	switch field {
	case "channel", "parent":
		if cid, ok := w.made.channels[s]; ok {
			return cid[:], nil
		}
		return nil, fmt.Errorf("no channel %q", s)
	case "burst":
		return id(s, 8), nil
	case "id", "ids", "hail", "incident", "into":
		return id(s, 16), nil
	case "charter":
		if c, ok := w.made.charters[s]; ok {
			return c.signed, nil
		}
		return nil, fmt.Errorf("no charter %q", s)
	case "group_info", "ratchet_tree", "message", "welcome", "package", "packages", "last_resort":
		return w.made.octets(field, s)
	}
	return []byte(s), nil
}

// frame writes a frame down in one line.
func (w *world) frame(f *wire.Frame) string {
	var b strings.Builder
	m := f.ProtoReflect()
	fd := m.WhichOneof(m.Descriptor().Oneofs().ByName("body"))
	if fd == nil {
		return "(no body)"
	}
	body := m.Get(fd).Message()
	b.WriteString(string(body.Descriptor().Name()))
	w.fields(&b, body)
	for _, n := range []struct {
		word  string
		value uint64
	}{{"id", f.Id}, {"re", f.Re}, {"hops", uint64(f.Hops)}} {
		if n.value != 0 {
			fmt.Fprintf(&b, " %s=%d", n.word, n.value)
		}
	}
	if f.Endpoint != "" {
		fmt.Fprintf(&b, " endpoint=%s", w.plain(f.Endpoint))
	}
	return b.String()
}

func (w *world) fields(b *strings.Builder, m protoreflect.Message) {
	list := m.Descriptor().Fields()
	for i := range list.Len() {
		fd := list.Get(i)
		if fd.Name() == "commitment" { // completed, and told by no script
			continue
		}
		always := fd.Name() == "leaf" || fd.Name() == "head" || fd.Name() == "epoch"
		if !m.Has(fd) && !always {
			continue
		}
		v := m.Get(fd)
		switch {
		case fd.Name() == "channel":
			fmt.Fprintf(b, " %s", w.channelName(v.Bytes()))
		case fd.IsList():
			var parts []string
			for j := range v.List().Len() {
				parts = append(parts, w.one(fd, v.List().Get(j)))
			}
			fmt.Fprintf(b, " %s=%s", fd.Name(), strings.Join(parts, ","))
		default:
			fmt.Fprintf(b, " %s=%s", fd.Name(), w.one(fd, v))
		}
	}
}

func (w *world) one(fd protoreflect.FieldDescriptor, v protoreflect.Value) string {
	switch fd.Kind() {
	case protoreflect.MessageKind:
		var b strings.Builder
		if fd.Message().Name() != "Entry" {
			b.WriteString(string(fd.Message().Name()))
		}
		w.fields(&b, v.Message())
		return "{" + strings.TrimSpace(b.String()) + "}"
	case protoreflect.BytesKind:
		return w.octets(fd.Name(), v.Bytes())
	case protoreflect.StringKind:
		return w.plain(v.String())
	case protoreflect.Int64Kind:
		return time.UnixMilli(v.Int()).Sub(start()).String()
	}
	switch fd.Name() {
	case "priority", "urgency":
		return strings.ReplaceAll(proto.Priority(v.Uint()).String(), " ", "-")
	case "code", "reason":
		if fd.Parent().Name() == "Refused" { // the audit beside it says the rest
			return fmt.Sprint(v.Uint())
		}
		return fmt.Sprintf("%d(%s)", v.Uint(), proto.Reason(v.Uint()).Sentence(proto.English))
	case "state":
		return proto.HailState(v.Uint()).String()
	case "act":
		if fd.Parent().Name() == "Duty" {
			return strings.ReplaceAll(proto.DutyAct(v.Uint()).String(), " ", "-")
		}
		return strings.ReplaceAll(proto.Act(v.Uint()).String(), " ", "-")
	case "disposition":
		return proto.Disposition(v.Uint()).String()
	case "limit_ms", "left_ms":
		return (time.Duration(v.Uint()) * time.Millisecond).String()
	}
	return fmt.Sprint(v.Interface())
}

func (w *world) channelName(b []byte) string {
	if len(b) != 32 {
		return fmt.Sprintf("channel(%d octets)", len(b))
	}
	if name, ok := w.made.charterOf[proto.ChannelID(b)]; ok {
		return name
	}
	return "channel(unknown)"
}

func (w *world) octets(field protoreflect.Name, b []byte) string {
	switch field {
	case "burst", "id", "ids", "hail", "incident", "into":
		return idName(b)
	case "digest":
		return hex.EncodeToString(b[:4])
	case "parent":
		return w.channelName(b)
	}
	return w.made.nameOf(b)
}

// effect writes an effect down in one line.
func (w *world) effect(x hub.Effect) string {
	switch x := x.(type) {
	case hub.Send:
		return fmt.Sprintf("send %s %s", w.labels[x.Link], w.frame(x.Frame))
	case hub.Close:
		return fmt.Sprintf("close %s %s", w.labels[x.Link], w.refusal(x.Why))
	case hub.Write:
		return "write " + w.write(x)
	case hub.ReadLog:
		most := ""
		if x.Most != proto.MaxEntriesBytes {
			most = fmt.Sprintf(" most=%d", x.Most)
		}
		return fmt.Sprintf("read-log %s after=%d%s: %s", w.labels[x.Link], x.After, most, w.frame(x.Answer))
	case hub.ReadSealed:
		var keys []string
		for _, k := range x.Keys {
			keys = append(keys, idName(k))
		}
		return fmt.Sprintf("read-sealed %s %s: %s", w.labels[x.Link], strings.Join(keys, ","), w.frame(x.Answer))
	case hub.Sweep:
		return fmt.Sprintf("sweep %s before=%v", w.channelName(x.Channel[:]), x.Before.Sub(start()))
	case hub.Drop:
		return "drop " + w.plain(x.Bucket)
	case hub.SetRoute:
		return fmt.Sprintf("route %s/%d %s", w.labels[x.Link], x.Alias, w.route(x.Route))
	case hub.BarEarly:
		who := ""
		if x.Bound {
			who = fmt.Sprintf(" leaf=%d", x.Leaf)
		}
		return fmt.Sprintf("bar-early %s/%d%s for=%v", w.labels[x.Link], x.Alias, who, x.For)
	case hub.InstallTrust:
		return "install-trust " + w.made.nameOf(x.Signed)
	case hub.InstallRevocations:
		return fmt.Sprintf("install-revocations peer=%s id=%d %s", w.plain(x.Peer.String()), x.ID, w.made.nameOf(x.Signed))
	case hub.Told:
		return fmt.Sprintf("told %s the list of %s: %s", w.plain(x.Peer.String()), w.plain(string(x.List)), w.refusal(x.Refusal))
	case hub.Recorded:
		return w.recorded(x)
	case hub.Recording:
		return fmt.Sprintf("recording %s %s", w.labels[x.Link], w.frame(x.Frame))
	case hub.Audit:
		return w.audit(x)
	}
	return fmt.Sprintf("%T", x)
}

// recorded writes down what goes into an incident's record.
func (w *world) recorded(x hub.Recorded) string {
	what := ""
	switch h := x.What.(type) {
	case hub.Said:
		what = fmt.Sprintf("entry %d", h.Entry.Seq)
	case hub.MembersMoved:
		what = fmt.Sprintf("epoch %d in=%s out=%s", h.Epoch, w.members(h.Added), w.members(h.Removed))
	case hub.FloorMoved:
		what = fmt.Sprintf("%s %s %s", map[hub.FloorMove]string{hub.FloorGranted: "granted", hub.FloorReleased: "released", hub.FloorDenied: "denied"}[h.Move],
			idName(h.Burst[:]), strings.ReplaceAll(h.Priority.String(), " ", "-"))
		if h.Reason != 0 {
			what += fmt.Sprintf(" reason=%d by=%s %v", h.Reason, w.plain(h.By.String()), h.Above)
		}
	case hub.LinkGone:
		what = fmt.Sprintf("%s away", w.plain(h.Relay.String()))
		if !h.Back.IsZero() {
			what = fmt.Sprintf("%s back after %v", w.plain(h.Relay.String()), h.Back.Sub(h.Lost))
		}
	case hub.Spoken:
		what = fmt.Sprintf("burst %s chain of %d", idName(h.Burst.Burst), len(h.Chain))
	}
	if x.Exercise {
		what += " EXERCISE"
	}
	return fmt.Sprintf("record %s %s told=%s parties=%s actor=%s: %s", idName(x.Incident[:]), w.channelName(x.Channel[:]),
		w.agencies(x.Told), w.agencies(x.Parties), w.plain(x.Actor.String()), what)
}

func (w *world) members(list []hub.Member) string {
	var words []string
	for _, m := range list {
		word := w.plain(m.Name.String())
		if m.Observer {
			word += "(observes)"
		}
		words = append(words, word)
	}
	return strings.Join(words, ",")
}

func (w *world) agencies(list []proto.Agency) string {
	var words []string
	for _, a := range list {
		words = append(words, w.plain(string(a)))
	}
	return strings.Join(words, ",")
}

func (w *world) route(r *hub.Route) string {
	if r == nil {
		return "off"
	}
	var b strings.Builder
	b.WriteString(w.channelName(r.Channel[:]))
	if r.Bound {
		fmt.Fprintf(&b, " leaf=%d", r.Leaf)
	}
	if r.Floor {
		b.WriteString(" keeps-floor")
	}
	b.WriteString(" ->")
	for _, o := range r.Out {
		fmt.Fprintf(&b, " %s/%d", w.labels[o.Link], o.Alias)
	}
	if len(r.Out) == 0 {
		b.WriteString(" nobody")
	}
	return b.String()
}

func (w *world) refusal(r *proto.Refusal) string {
	if r == nil {
		return "ok"
	}
	return w.plain(r.Error())
}

func (w *world) audit(x hub.Audit) string {
	var b strings.Builder
	b.WriteString("audit")
	for _, n := range []struct {
		word string
		name proto.Name
	}{{"peer", x.Peer}, {"actor", x.Actor}} {
		if n.name != (proto.Name{}) {
			fmt.Fprintf(&b, " %s=%s", n.word, w.plain(n.name.String()))
		}
	}
	if x.Kind != 0 {
		fmt.Fprintf(&b, " kind=%d", x.Kind)
	}
	if x.Channel != (proto.ChannelID{}) {
		fmt.Fprintf(&b, " %s", w.channelName(x.Channel[:]))
	}
	if x.Refusal == nil {
		return b.String() + " " + x.What
	}
	if x.Alarm {
		b.WriteString(" ALARM " + x.What)
	}
	return b.String() + " refused: " + w.refusal(x.Refusal)
}

// write reads a record back, so that the trace says what is kept.
func (w *world) write(x hub.Write) string {
	if hexID, ok := strings.CutPrefix(x.Bucket, "log/"); ok {
		cid, err := proto.ParseChannelID(hexID)
		if x.Value == nil {
			return fmt.Sprintf("log/%s %d deleted", w.channelName(cid[:]), binary.BigEndian.Uint64(x.Key))
		}
		v := new(wire.StoredEntry)
		if err != nil || pb.Unmarshal(x.Value, v) != nil || binary.BigEndian.Uint64(x.Key) != v.Entry.Seq {
			return "log with a bad record"
		}
		var b strings.Builder
		w.fields(&b, v.Entry.ProtoReflect())
		return "log/" + w.channelName(cid[:]) + b.String()
	}
	if hexID, ok := strings.CutPrefix(x.Bucket, "origin/"); ok {
		cid, err := proto.ParseChannelID(hexID)
		if x.Value == nil {
			return fmt.Sprintf("origin/%s %s deleted", w.channelName(cid[:]), idName(x.Key))
		}
		v := new(wire.StoredMessage)
		if err != nil || pb.Unmarshal(x.Value, v) != nil {
			return "origin with a bad record"
		}
		return fmt.Sprintf("origin/%s %s from=%s order=%d seq=%d returned=%d", w.channelName(cid[:]), idName(x.Key), w.plain(v.From), v.Order, v.Seq, v.Returned)
	}
	switch x.Bucket {
	case "documents":
		v := new(wire.StoredDocument)
		if x.Value == nil {
			if kind := proto.DocumentKind(x.Key[0]); kind == proto.DocumentNotice || kind == proto.DocumentNoticeAnswer {
				return "documents/" + w.noticeOfKey(x.Key) + " deleted"
			}
			aid := proto.AgreementID(x.Key[1:33])
			return fmt.Sprintf("documents/%s %x deleted", w.made.agreementOf[aid], x.Key[33:])
		}
		if pb.Unmarshal(x.Value, v) != nil {
			return "documents with a bad record"
		}
		return fmt.Sprintf("documents/%s kind=%d", w.made.nameOf(v.Signed), v.Kind)
	case "channels", "ended":
		if x.Value == nil {
			return fmt.Sprintf("%s/%s deleted", x.Bucket, w.channelName(x.Key))
		}
		v := new(wire.StoredChannel)
		if pb.Unmarshal(x.Value, v) != nil {
			return x.Bucket + " with a bad record"
		}
		info := "none"
		if g, err := roster.Unmarshal(v.Group, lenient{}); err == nil {
			info = fmt.Sprintf("%s (epoch %d)", w.made.nameOf(v.GroupInfo), g.Epoch())
		}
		return fmt.Sprintf("%s/%s charter=%s group_info=%s head=%d", x.Bucket, w.channelName(x.Key), w.made.nameOf(v.Charter), info, v.EpochSeq)
	case "marks":
		v := new(wire.StoredMarks)
		if x.Value == nil || pb.Unmarshal(x.Value, v) != nil {
			return fmt.Sprintf("marks/%s deleted", w.channelName(x.Key))
		}
		var b strings.Builder
		w.fields(&b, v.ProtoReflect())
		return fmt.Sprintf("marks/%s%s", w.channelName(x.Key), b.String())
	case "returned":
		who, mid, _ := strings.Cut(string(x.Key), " ")
		if x.Value == nil {
			return fmt.Sprintf("returned/%s/%s deleted", w.plain(who), idName([]byte(mid)))
		}
		return fmt.Sprintf("returned/%s/%s", w.plain(who), idName([]byte(mid)))
	case "welcomes":
		who, mid, _ := strings.Cut(string(x.Key), " ")
		if x.Value == nil {
			return fmt.Sprintf("welcomes/%s/%s deleted", w.plain(who), idName([]byte(mid)))
		}
		return fmt.Sprintf("welcomes/%s/%s", w.plain(who), idName([]byte(mid)))
	case "barred":
		who := w.plain(string(x.Key[32:]))
		if x.Value == nil {
			return fmt.Sprintf("barred/%s/%s deleted", w.channelName(x.Key[:32]), who)
		}
		at := time.UnixMilli(int64(binary.BigEndian.Uint64(x.Value)))
		return fmt.Sprintf("barred/%s/%s at=%v", w.channelName(x.Key[:32]), who, at.Sub(start()))
	case "packages":
		if x.Value == nil {
			return fmt.Sprintf("packages/%s deleted", w.plain(string(x.Key)))
		}
		p := new(wire.PublishKeyPackages)
		if pb.Unmarshal(x.Value, p) != nil {
			return "packages with a bad record"
		}
		var b strings.Builder
		w.fields(&b, p.ProtoReflect())
		return fmt.Sprintf("packages/%s%s", w.plain(string(x.Key)), b.String())
	}
	return x.Bucket
}
