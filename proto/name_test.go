package proto_test

import (
	"strings"
	"testing"

	"crossband/proto"
)

func TestParseNameKeepsOneNormalForm(t *testing.T) {
	good := []string{
		"spiffe://usbp.example/relay/eagle-pass-1",
		"spiffe://usbp.example/unit/del-rio-214",
		"spiffe://gn.example/desk/piedras_negras.2",
		"spiffe://a.b/authority/x",
	}
	for _, s := range good {
		n, err := proto.ParseName(s)
		if err != nil {
			t.Errorf("%s: %v", s, err)
		} else if n.String() != s {
			t.Errorf("%s came back as %s", s, n)
		}
	}
	bad := []string{
		"", "spiffe://", "spiffe://usbp.example", "spiffe://usbp.example/unit", "spiffe://usbp.example/unit/",
		"spiffe://usbp.example/unit/a/b", "spiffe://usbp.example/unit/../a", "spiffe://usbp.example/unit/a%2fb",
		"spiffe://USBP.example/unit/a", "spiffe://usbp.example:1/unit/a", "spiffe://u@usbp.example/unit/a",
		"spiffe://usbp.example/unit/a?b", "spiffe://usbp.example/unit/a#b", "spiffe://usbp.example/Unit/a",
		"spiffe://usbp.example/unit/a\x00", "spiffe://usbp.exämple/unit/a", "spiffe://xn--a.example/unit/a",
		"spiffe://usbp/unit/a", "SPIFFE://usbp.example/unit/a", "https://usbp.example/unit/a",
		"spiffe://usbp..example/unit/a", "spiffe://usbp.example/none/a", "spiffe://usbp.example/unit/-a",
		"spiffe://usbp.example/unit/" + strings.Repeat("a", proto.MaxLabelLen+1),
		"spiffe://" + strings.Repeat("a.", 50) + "a/unit/a",
	}
	for _, s := range bad {
		if n, err := proto.ParseName(s); err == nil {
			t.Errorf("%q accepted as %v", s, n)
		}
	}
}

func FuzzParseName(f *testing.F) {
	f.Add("spiffe://usbp.example/unit/del-rio-214")
	f.Add("spiffe://usbp.example/unit/../a")
	f.Add("spiffe://usbp.example:1/unit/a")
	f.Fuzz(func(t *testing.T, s string) {
		if n, err := proto.ParseName(s); err == nil && n.String() != s {
			t.Fatalf("%q came back as %q: more than one form is accepted", s, n.String())
		}
	})
}
