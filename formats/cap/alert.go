package cap

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"crossband/formats/strictxml"
)

func alertShape(v Version) shape {
	s := shape{
		single:   []string{"identifier", "sender", "sent", "status", "msgType", "source", "scope", "restriction", "addresses", "note", "references", "incidents"},
		repeated: []string{"code"}, inner: []string{"info"}, alien: true,
	}
	if v == V11 {
		s.single = append(s.single, "password") // deprecated since 1.1, and never used here
	}
	return s
}

func readAlert(e *strictxml.Element) (Alert, error) {
	v, _ := version(e)
	f := collect(e, "alert", alertShape(v))
	a := Alert{
		Version: v, Raw: e.Raw(), SignedInside: f.alien,
		Identifier: f.name("identifier"), Sender: f.name("sender"), Sent: f.time("sent", true),
		Status: code(f, "status", isStatus), MsgType: code(f, "msgType", isMsgType), Scope: code(f, "scope", isScope),
		Source: f.text["source"], Restriction: f.text["restriction"], Note: f.text["note"],
		Codes: f.lists["code"], Addresses: f.words("addresses"), Incidents: f.words("incidents"), References: f.references(),
	}
	f.bound("info", len(f.inner["info"]), MaxInfos)
	for _, k := range f.inner["info"] {
		if f.fault != nil {
			break
		}
		var fault *Fault
		if a.Infos, fault = appendInfo(a.Infos, k, v); fault != nil {
			f.fault = fault
		}
	}
	a.together(f)
	if f.fault != nil {
		f.fault.Identifier = clip(a.Identifier)
		return Alert{}, f.fault
	}
	return a, nil
}

// together holds elements against each other (CAP-v1.2 3.2.1).
func (a *Alert) together(f *fields) {
	switch {
	case a.Scope == Restricted && a.Restriction == "":
		f.wrong("restriction", "is missing, and the scope is Restricted")
	case a.Scope == Private && len(a.Addresses) == 0:
		f.wrong("addresses", "is missing, and the scope is Private")
	case a.MsgType != MsgAlert && a.MsgType != MsgError && len(a.References) == 0:
		f.wrong("references", fmt.Sprintf("is missing, and the message is an %s", a.MsgType))
	}
}

// name reads an identifier or a sender. References are lists of them with
// spaces and commas between, so they hold neither (CAP-v1.2 3.2.1).
func (f *fields) name(element string) string {
	v := f.need(element)
	if why := badName(v); v != "" && why != "" {
		f.wrong(element, why)
	}
	return v
}

func badName(v string) string {
	if len(v) > MaxName {
		return fmt.Sprintf("%d octets, at most %d", len(v), MaxName)
	}
	for _, r := range v {
		if r == ',' || r == '<' || r == '&' || unicode.IsSpace(r) || unicode.IsControl(r) {
			return fmt.Sprintf("holds %q", r)
		}
	}
	return ""
}

// time reads a time with its offset (CAP-v1.2 3.3.2). "Z" is against the letter
// of the standard and in many feeds.
func (f *fields) time(element string, required bool) time.Time {
	v := f.text[element]
	if v == "" {
		if required {
			f.wrong(element, "is missing")
		}
		return time.Time{}
	}
	t, ok := parseTime(v)
	if !ok {
		f.wrong(element, fmt.Sprintf("%q is no date and time with an offset", clip(v)))
	}
	return t
}

func parseTime(v string) (time.Time, bool) {
	if len(v) > 35 || strings.ContainsAny(v, ",z") {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339, v)
	if err != nil || !offsetOfClock(t) || t.Year() < minYear || t.Year() > maxYear {
		return time.Time{}, false
	}
	return t, true
}

// offsetOfClock: an offset is a time of the clock, 23:59 at most (RFC 3339, 5.6,
// time-numoffset). The standard library reads 24:60 too, and encodes neither again.
func offsetOfClock(t time.Time) bool {
	_, seconds := t.Zone()
	return max(seconds, -seconds) < 24*60*60
}

// words reads a list with spaces between; an item with spaces stands in
// quotation marks (CAP-v1.2 3.2.1, addresses and incidents).
func (f *fields) words(element string) (list []string) {
	for s := f.text[element]; s != ""; s = strings.TrimLeft(s, " \t\r\n") {
		var item string
		if rest, quoted := strings.CutPrefix(s, `"`); quoted {
			var closed bool
			if item, s, closed = strings.Cut(rest, `"`); !closed {
				f.wrong(element, "a quotation mark is not closed")
				return nil
			}
		} else {
			n := strings.IndexAny(s, " \t\r\n")
			if n < 0 {
				n = len(s)
			}
			item, s = s[:n], s[n:]
		}
		if item != "" {
			list = append(list, item)
		}
		if len(list) > MaxListed {
			f.wrong(element, fmt.Sprintf("more than %d items", MaxListed))
			return nil
		}
	}
	return list
}

// references reads sender,identifier,sent with spaces between.
func (f *fields) references() (list []Reference) {
	items := strings.Fields(f.text["references"])
	if len(items) > MaxListed {
		f.wrong("references", fmt.Sprintf("more than %d", MaxListed))
		return nil
	}
	for _, item := range items {
		parts := strings.Split(item, ",")
		if len(parts) != 3 || parts[0] == "" || parts[1] == "" || badName(parts[0]) != "" || badName(parts[1]) != "" {
			f.wrong("references", fmt.Sprintf("%q is not sender,identifier,sent", clip(item)))
			return nil
		}
		sent, ok := parseTime(parts[2])
		if !ok {
			f.wrong("references", fmt.Sprintf("%q is no date and time with an offset", clip(parts[2])))
			return nil
		}
		list = append(list, Reference{parts[0], parts[1], sent})
	}
	return list
}
