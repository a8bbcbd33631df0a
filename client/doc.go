// Package client is an endpoint: a Session with its own agency's relay, through
// which it joins channels, talks, listens, texts and hails.
//
// Calls block and take a context; what happens by itself (a hail rings, a text
// arrives, somebody takes the floor) comes out of Session.Events. Keys of
// content live here and in no relay: the group of a channel is an MLS group
// (crypto/mls) whose every member this package judges by the channel's
// charter, and voice is sealed with SFrame under keys exported from it.
//
// One mutex guards a Session's state. Its goroutines are: the supervisor, which
// keeps the link and reads frames; the ears, which own all voice coming in;
// and short tasks, which answer by themselves what no person needs to.
package client
