package patch

import (
	"fmt"
	"time"

	"crossband/proto"
)

// Carries reports why a patch at a desk of agency own must not bring a speaker's voice
// from one channel to another at now; nil: it may. What is said in confidence of the parties
// stays with them: every agency of the channel to must be a party of the channel from,
// or an observer there whose time is not over.
// A desk's own agency decides alone who hears the voice of its units. What others of the
// agency say is judged as a stranger's: a desk may be saying again what it has heard on
// a third channel, and what comes over two patches must not go further than over one.
// Exercises are carried to exercises only.
func Carries(own proto.Agency, speaker proto.Name, from, to *proto.Charter, now time.Time) error {
	if from.Exercise != to.Exercise {
		return proto.Refuse(proto.ReasonExercise, to.Title)
	}
	if speaker.Agency == own && speaker.Role == proto.RoleUnit {
		return nil
	}
	for _, a := range to.Members() {
		if !from.HasPartyAt(a, now) {
			return proto.Refuse(proto.ReasonNoAgreement, fmt.Sprintf("%s is no party of %s", a, from.Title))
		}
	}
	return nil
}
