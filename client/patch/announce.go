package patch

import (
	"fmt"
	"strings"
)

// What a channel is told is said in the three languages at once: a text is the same
// for all who read it.

// joined says on one channel that others hear it from now on.
func joined(cfg Config, on Leg) string {
	others, self, until := titles(cfg, on), cfg.Self.Short(), cfg.Until.UTC().Format("15:04Z")
	return fmt.Sprintf("PATCH to %s by %s, until %s at most. / ENLACE con %s por %s, hasta las %s como máximo. / LIAISON avec %s par %s, jusqu'à %s au plus.",
		others, self, until, others, self, until, others, self, until)
}

// parted says on one channel that they do no more.
func parted(cfg Config, on Leg) string {
	others := titles(cfg, on)
	return fmt.Sprintf("PATCH to %s has ended. / ENLACE con %s terminado. / LIAISON avec %s terminée.", others, others, others)
}

func titles(cfg Config, but Leg) string {
	var list []string
	for _, l := range cfg.Legs {
		if l.ID() != but.ID() {
			list = append(list, "“"+l.Charter().Title+"”")
		}
	}
	return strings.Join(list, ", ")
}
