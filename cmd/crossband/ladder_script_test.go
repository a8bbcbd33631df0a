package main

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"crossband/cmd/crossband/internal/agencydir"
	"crossband/crypto/charter"
	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/wire"
)

// ladder DIR PARTNER TITLE AFTER=NAME[,NAME...]... charters a calling channel of
// the agency in DIR with the partner, on which hooks may hail and answer, and
// whose hails climb by the steps. All that scripts know of how a ladder comes
// into a charter is here.
func chartersLadder(s *script, neg bool, args []string) {
	usage(s, neg || len(args) < 4, "ladder DIR PARTNER TITLE AFTER=NAME[,NAME...]...")
	dir, err := agencydir.Open(s.MkAbs(args[0]))
	s.Check(err)
	id, err := identity.Load(dir.Registrar(), nil)
	s.Check(err)
	now := time.Now()
	c := &wire.Charter{
		Owner: string(id.Name.Agency), Kind: wire.Charter_KIND_CALLING, Title: args[2], Suite: uint32(proto.SuiteP384),
		Storage: wire.Charter_STORAGE_SEALED, ExpiresMs: now.Add(time.Hour).UnixMilli(),
	}
	for _, a := range []string{c.Owner, args[1]} {
		c.Parties = append(c.Parties, &wire.Charter_Party{Agency: a, Send: []string{"unit", "desk", "hook"}, MaxPriority: uint32(proto.PriorityEmergency)})
	}
	c.Template = c.Parties
	for _, text := range args[3:] {
		c.Ladder = append(c.Ladder, ladderStep(s, text))
	}
	signed, _, err := charter.Sign(id, c, now)
	s.Check(err)
	s.Check(os.WriteFile(s.MkAbs(filepath.Join(args[0], "relay", "charters", args[2]+".charter")), signed, 0o600))
}

func ladderStep(s *script, text string) *wire.Charter_Step {
	after, names, _ := strings.Cut(text, "=")
	d, err := time.ParseDuration(after)
	s.Check(err)
	step := &wire.Charter_Step{AfterMs: uint32(d.Milliseconds())}
	for name := range strings.SplitSeq(names, ",") {
		n, err := parseName(name)
		s.Check(err)
		step.Page = append(step.Page, n.String())
	}
	return step
}
