package main

import (
	"context"

	"crossband/cmd/crossband/internal/bench/growth"
	"crossband/cmd/crossband/internal/bench/mls"
	"crossband/crypto/mls/suite"
)

// membersAxis is bench mls at several sizes.
func membersAxis(f growthFlags, say func(string, ...any)) growth.Axis {
	return growth.Axis{
		Name: "members", Title: "Members of a channel",
		How: "`crossband bench mls`: a channel's group in this process, with real certificates; nothing is sent or stored. Times are medians. A join is from group information and ratchet tree, by a device that has verified nothing before; " +
			"processing is following another's renewal of keys.",
		Columns: []growth.Column{
			{Name: "suite", Heading: "suite"}, {Name: "members", Heading: "members"}, {Name: "join_ms", Heading: "join ms", Decimals: 1}, {Name: "join_again_ms", Heading: "again ms", Decimals: 1},
			{Name: "commit_ms", Heading: "commit ms", Decimals: 2}, {Name: "process_ms", Heading: "process ms", Decimals: 2}, {Name: "process_p95_ms", Heading: "p95 ms", Decimals: 2},
			{Name: "commit_octets", Heading: "commit octets"}, {Name: "group_info_octets", Heading: "group information octets"}, {Name: "ratchet_tree_octets", Heading: "ratchet tree octets"}, {Name: "welcome_octets", Heading: "welcome octets"},
		},
		Charts: []growth.Chart{
			{Name: "join", Title: "Joining", X: "members", Y: []string{"join_ms"}, By: "suite", YHeading: "ms", LogY: true},
			{Name: "commit", Title: "Making a commit, and following one", X: "members", Y: []string{"commit_ms", "process_ms"}, By: "suite", YHeading: "ms", LogY: true},
			{Name: "octets", Title: "Sizes", X: "members", Y: []string{"commit_octets", "ratchet_tree_octets"}, By: "suite", YHeading: "octets", LogY: true},
		},
		Measure: growth.Of(func(ctx context.Context) ([]mls.Row, error) {
			o := mls.Options{Members: f.members, Suites: []suite.ID{2, 7}, Rounds: 3, Say: say}
			if err := o.Check(); err != nil {
				return nil, err
			}
			return mls.Run(ctx, o)
		}),
	}
}
