package proto_test

import (
	"bytes"
	"testing"

	"crossband/proto"
)

func TestVoiceDatagram(t *testing.T) {
	for _, tt := range []struct {
		alias proto.Alias
		want  []byte
	}{
		{0, []byte{0x00, 'v'}},
		{63, []byte{0x3f, 'v'}},
		{64, []byte{0x40, 0x40, 'v'}}, // two octets from here on
		{proto.MaxAlias, []byte{0x7f, 0xff, 'v'}},
	} {
		b := append(tt.alias.AppendVoice(nil), 'v')
		if !bytes.Equal(b, tt.want) {
			t.Errorf("alias %d: %x, want %x", tt.alias, b, tt.want)
		}
		if alias, frame, err := proto.ParseVoice(b); err != nil || alias != tt.alias || string(frame) != "v" {
			t.Errorf("%x: alias %d, %q, %v", b, alias, frame, err)
		}
		for cut := range b {
			if alias, _, err := proto.ParseVoice(b[:cut]); proto.ReasonOf(err) != proto.ReasonMalformed {
				t.Errorf("%x cut to %d octets: alias %d, %v", b, cut, alias, err)
			}
		}
	}
}

func TestVoiceDatagramRefusals(t *testing.T) {
	for name, tt := range map[string]struct {
		b    []byte
		want proto.Reason
	}{
		"alias 63 in two octets": {[]byte{0x40, 0x3f, 'v'}, proto.ReasonMalformed},
		"alias of four octets":   {[]byte{0x80, 0, 0, 1, 'v'}, proto.ReasonMalformed},
		"alias of eight octets":  {[]byte{0xc0, 0, 0, 0, 0, 0, 0, 1, 'v'}, proto.ReasonMalformed},
		"too long":               {make([]byte, proto.MaxDatagram+1), proto.ReasonTooLarge},
	} {
		if _, _, err := proto.ParseVoice(tt.b); proto.ReasonOf(err) != tt.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseVoice(f *testing.F) {
	f.Add([]byte{0, 1})
	f.Add([]byte{0x40, 0x40, 1})
	f.Add([]byte{0x40, 0x3f, 1})
	f.Add([]byte{0x80, 0, 0, 1, 1})
	f.Add(make([]byte, proto.MaxDatagram+1))
	f.Fuzz(func(t *testing.T, b []byte) {
		alias, frame, err := proto.ParseVoice(b)
		if err != nil {
			return
		}
		if again := append(alias.AppendVoice(nil), frame...); !bytes.Equal(again, b) {
			t.Fatalf("%x read as alias %d, written again as %x", b, alias, again)
		}
		if len(frame) == 0 || alias > proto.MaxAlias {
			t.Fatalf("%x: alias %d, %d octets of voice", b, alias, len(frame))
		}
	})
}
