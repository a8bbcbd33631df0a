// Package metrics shows a relay's figures to Prometheus. It is the only door
// to its client library, and a window only: the figures are the node's own,
// read when somebody asks (relay.Node.Figures), so that a page nobody fetches
// costs nothing.
//
// Labels are agencies that the relay is configured to link with, roles, codes
// and causes from tables of this program. No endpoint, channel or address is
// ever in one: the page would say who talks, and grow with every stranger.
package metrics
