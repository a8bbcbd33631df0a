package patch

import (
	"fmt"

	"crossband/proto"
)

// Carries reports why a patch at a desk of agency own must not bring the voice of an
// agency from one channel to another; nil: it may. One that is said in confidence of
// the parties stays with them: every agency of the channel to must be a party of the
// channel from. A desk's own agency decides alone who hears its voice. Exercises are
// carried to exercises only.
func Carries(own, speaker proto.Agency, from, to *proto.Charter) error {
	if from.Exercise != to.Exercise {
		return proto.Refuse(proto.ReasonExercise, to.Title)
	}
	if speaker == own {
		return nil
	}
	for _, a := range to.Members() {
		if !from.HasParty(a) {
			return proto.Refuse(proto.ReasonNoAgreement, fmt.Sprintf("%s is no party of %s", a, from.Title))
		}
	}
	return nil
}
