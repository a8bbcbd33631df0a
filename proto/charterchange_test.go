package proto

import (
	"testing"
	"time"
)

// Whose certificate has been taken back may be removed by every member, also by
// one that only listens; nobody else may because of it.
func TestAnyMemberMayRemoveARevokedOne(t *testing.T) {
	us, mx, ca := Agency("usbp.example"), Agency("gn.example"), Agency("rcmp.example")
	c := Charter{Owner: us, Parties: []Party{
		{Agency: us, Send: []Role{RoleUnit, RoleDesk}}, {Agency: mx, Send: []Role{RoleUnit, RoleDesk}}, {Agency: ca, Listen: []Role{RoleDesk}},
	}}
	unit := Name{us, RoleUnit, "a"}
	other := Name{us, RoleUnit, "b"}
	revoked := []Name{unit}
	for _, by := range []Name{{mx, RoleUnit, "n"}, {mx, RoleDesk, "d"}, {ca, RoleDesk, "w"}} {
		if err := c.MayChange(by, nil, []Name{unit}, revoked, time.Time{}); err != nil {
			t.Errorf("%s removes a revoked member: %v", by, err)
		}
		if err := c.MayChange(by, nil, []Name{unit}, nil, time.Time{}); ReasonOf(err) != ReasonCharter {
			t.Errorf("%s removes a member that is not revoked: %v", by, err)
		}
		if err := c.MayChange(by, nil, []Name{unit, other}, revoked, time.Time{}); ReasonOf(err) != ReasonCharter {
			t.Errorf("%s removes another along with it: %v", by, err)
		}
	}
	if err := c.MayChange(Name{ca, RoleUnit, "x"}, nil, []Name{unit}, revoked, time.Time{}); ReasonOf(err) != ReasonCharter {
		t.Errorf("somebody without a right removes: %v", err)
	}
}
