package proto_test

import (
	"bytes"
	"testing"

	pb "google.golang.org/protobuf/proto"

	"crossband/proto"
	"crossband/proto/wire"
)

// TestKnownOptionalKindsAreReadAndJudged: a kind that others may skip is no way past
// the table for those who know it.
func TestKnownOptionalKindsAreReadAndJudged(t *testing.T) {
	us := proto.Name{Agency: "usbp.example", Role: proto.RoleUnit, Label: "us"}
	want := &wire.Frame{Body: &wire.Frame_VoiceStrain{VoiceStrain: &wire.VoiceStrain{Alias: 7, Lost: 200}}}
	from := func(sender proto.Name) func(proto.Kind, int) error {
		return func(k proto.Kind, n int) error { return proto.Permit(k, n, us, sender, proto.Greeted) }
	}
	relay := proto.Name{Agency: us.Agency, Role: proto.RoleRelay, Label: "r1"}
	got, err := proto.ReadFrame(bytes.NewReader(encode(t, want)), from(relay))
	if err != nil || !pb.Equal(got, want) || proto.KindOf(got) != proto.KindVoiceStrain {
		t.Errorf("from the relay: %v, %v", got, err)
	}
	desk := proto.Name{Agency: us.Agency, Role: proto.RoleDesk, Label: "d"}
	if got, err := proto.ReadFrame(bytes.NewReader(encode(t, want)), from(desk)); got != nil || proto.ReasonOf(err) != proto.ReasonForbidden {
		t.Errorf("from an endpoint: %v, %v", got, err)
	}
}
