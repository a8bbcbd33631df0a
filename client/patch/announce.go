package patch

import (
	"fmt"
	"slices"
	"strings"

	"crossband/proto"
)

// What a channel is told is said in the three languages at once: a text is the same
// for all who read it.

// joined says on one channel that others hear it from now on, and where what is said on
// them leaves the encryption.
func joined(cfg Config, on Leg) string {
	self, until := cfg.Self.Short(), cfg.Until.UTC().Format("15:04Z")
	return fmt.Sprintf("PATCH to %s by %s, until %s at most. / ENLACE con %s por %s, hasta las %s como máximo. / LIAISON avec %s par %s, jusqu'à %s au plus.",
		others(cfg, on, " (ENCRYPTION ENDS at a gateway there)"), self, until,
		others(cfg, on, " (allí EL CIFRADO TERMINA en una pasarela)"), self, until,
		others(cfg, on, " (LE CHIFFREMENT S'ARRÊTE à une passerelle là-bas)"), self, until)
}

// parted says on one channel that they do no more.
func parted(cfg Config, on Leg) string {
	list := others(cfg, on, "")
	return fmt.Sprintf("PATCH to %s has ended. / ENLACE con %s terminado. / LIAISON avec %s terminée.", list, list, list)
}

// others names the other channels; open is put behind those with a gateway.
func others(cfg Config, but Leg, open string) string {
	var list []string
	for _, l := range cfg.Legs {
		if l.ID() == but.ID() {
			continue
		}
		name := "“" + l.Charter().Title + "”"
		if hasGateway(l) {
			name += open
		}
		list = append(list, name)
	}
	return strings.Join(list, ", ")
}

func hasGateway(l Leg) bool {
	members, err := l.Members()
	return err == nil && slices.ContainsFunc(members, func(n proto.Name) bool { return n.Role == proto.RoleGateway })
}
