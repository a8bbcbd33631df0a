package record

import (
	"encoding/base64"
	"strings"
	"time"

	"crossband/proto"
)

// form is a body as a list of named fields. The same walk over the fields
// writes a body and reads it, so that there is one form. A member that a
// reader does not know is passed over: later versions may add some.
type form struct {
	reading bool
	members object
	err     error
}

// field moves one field: written unless it is empty and may be, read if there.
func (f *form) field(name string, optional, empty bool, write func() any, read func(any) error) {
	switch {
	case f.err != nil:
	case !f.reading && !(optional && empty):
		f.members = append(f.members, member{name, write()})
	case f.reading:
		v, there := f.members.get(name)
		if !there && optional {
			return
		}
		if !there {
			f.err = refuse(Malformed, "no member %q", name)
		} else if err := read(v); err != nil {
			f.err = refuse(Malformed, "member %q: %v", name, err)
		}
	}
}

// text is a field of 1 to most octets of valid text; empty if optional.
func (f *form) text(name string, v *string, most int, optional bool) {
	check := func() error {
		if len(*v) > most || *v == "" && !optional || strings.ToValidUTF8(*v, "") != *v {
			return refuse(Malformed, "%q: text of %d octets, 1 to %d of UTF-8 are allowed", name, len(*v), most)
		}
		return nil
	}
	f.field(name, optional, *v == "", func() any {
		if err := check(); err != nil {
			f.err = err
		}
		return *v
	}, func(a any) (err error) {
		if *v, err = asText(a); err != nil {
			return err
		}
		return check()
	})
}

// coded is a field with a textual form of its own.
func coded[T comparable](f *form, name string, v *T, optional bool, write func(T) string, read func(string) (T, error)) {
	var zero T
	f.field(name, optional, *v == zero, func() any {
		s := write(*v)
		if back, err := read(s); err != nil || back != *v {
			f.err = refuse(Malformed, "%q: %v is not allowed", name, *v)
		}
		return s
	}, func(a any) error {
		s, err := asText(a)
		if err != nil {
			return err
		}
		*v, err = read(s)
		return err
	})
}

func (f *form) digest(name string, v *Digest) { coded(f, name, v, false, Digest.String, ParseDigest) }
func (f *form) optionalDigest(name string, v *Digest) {
	coded(f, name, v, true, Digest.String, ParseDigest)
}

func (f *form) name(name string, v *proto.Name) {
	coded(f, name, v, false, proto.Name.String, proto.ParseName)
}

func (f *form) channel(name string, v *proto.ChannelID, optional bool) {
	coded(f, name, v, optional, proto.ChannelID.String, func(s string) (id proto.ChannelID, err error) { return id, readHex(id[:], s) })
}
func (f *form) message(name string, v *proto.MessageID, optional bool) {
	coded(f, name, v, optional, proto.MessageID.String, func(s string) (id proto.MessageID, err error) { return id, readHex(id[:], s) })
}
func (f *form) incident(name string, v *proto.IncidentID) {
	coded(f, name, v, false, proto.IncidentID.String, func(s string) (id proto.IncidentID, err error) { return id, readHex(id[:], s) })
}
func (f *form) burst(name string, v *proto.BurstID) {
	coded(f, name, v, false, proto.BurstID.String, func(s string) (id proto.BurstID, err error) { return id, readHex(id[:], s) })
}

func (f *form) time(name string, v *time.Time, optional bool) {
	f.field(name, optional, v.IsZero(), func() any { return formatTime(*v) }, func(a any) error {
		s, err := asText(a)
		if err != nil {
			return err
		}
		*v, err = parseTime(s)
		return err
	})
}

// octets is a field of 1 to most octets, in base64.
func (f *form) octets(name string, v *[]byte, most int) {
	f.field(name, false, false, func() any {
		if len(*v) == 0 || len(*v) > most {
			f.err = refuse(Malformed, "%q: %d octets, 1 to %d are allowed", name, len(*v), most)
		}
		return base64.StdEncoding.EncodeToString(*v)
	}, func(a any) error {
		s, err := asText(a)
		if err != nil {
			return err
		}
		b, err := parseBase64(s, most)
		if err == nil && len(b) == 0 {
			err = refuse(Malformed, "no octets")
		}
		*v = b
		return err
	})
}

// number is a whole number from least to most; left out if 0 and optional.
func number[T ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~int](f *form, name string, v *T, least, most int64, optional bool) {
	check := func(n int64) error {
		if n < least || n > most {
			return refuse(Malformed, "%q: %d, %d to %d are allowed", name, n, least, most)
		}
		return nil
	}
	f.field(name, optional, *v == 0, func() any {
		if uint64(*v) > maxInteger {
			f.err = refuse(Malformed, "%q: %d is too large", name, uint64(*v))
		} else if err := check(int64(*v)); err != nil {
			f.err = err
		}
		return int64(*v)
	}, func(a any) error {
		n, ok := a.(int64)
		if !ok {
			return refuse(Malformed, "no integer")
		}
		*v = T(n)
		return check(n)
	})
}

func (f *form) flag(name string, v *bool) {
	f.field(name, true, !*v, func() any { return true }, func(a any) error {
		var ok bool
		if *v, ok = a.(bool); !ok || !*v {
			return refuse(Malformed, "only true is written")
		}
		return nil
	})
}

// agencies is a list of 1 to MaxParties agencies in ascending order.
func (f *form) agencies(name string, v *[]proto.Agency) {
	f.field(name, false, false, func() any {
		l := list{}
		for _, a := range *v {
			l = append(l, string(a))
		}
		if _, err := asAgencies(l); err != nil {
			f.err = err
		}
		return l
	}, func(a any) (err error) {
		*v, err = asAgencies(a)
		return err
	})
}

func asAgencies(a any) ([]proto.Agency, error) {
	l, ok := a.(list)
	if !ok || len(l) == 0 || len(l) > MaxParties {
		return nil, refuse(Malformed, "not a list of 1 to %d agencies", MaxParties)
	}
	var all []proto.Agency
	for i, e := range l {
		s, err := asText(e)
		if err != nil {
			return nil, err
		}
		agency, err := proto.ParseAgency(s)
		if err != nil {
			return nil, err
		}
		if i > 0 && all[i-1] >= agency {
			return nil, refuse(Malformed, "agencies are not in ascending order")
		}
		all = append(all, agency)
	}
	return all, nil
}

func asText(a any) (string, error) {
	s, ok := a.(string)
	if !ok {
		return "", refuse(Malformed, "no string")
	}
	return s, nil
}

// parseBase64 reads standard base64 with padding, in its one form, of at most
// so many octets.
func parseBase64(s string, most int) ([]byte, error) {
	if len(s) > base64.StdEncoding.EncodedLen(most) {
		return nil, refuse(TooLarge, "base64 of %d characters", len(s))
	}
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || strings.ContainsAny(s, "\r\n") {
		return nil, refuse(Malformed, "not base64 in its one form")
	}
	if len(b) > most {
		return nil, refuse(TooLarge, "%d octets, at most %d are allowed", len(b), most)
	}
	return b, nil
}
