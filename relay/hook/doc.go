// Package hook takes alerts of automated systems in and has each raised once.
//
// Server is the HTTP side: it proves who sends, reads a body of one of the
// formats below formats/ into neutral Alerts, and answers with a reason. Inbox
// is the durable side: it knows an alert again, follows updates and
// cancellations to the incident of the first, decides whether somebody is
// called, and has a Raiser call. What it accepted is in its Journal before it is
// answered, and is raised after any crash; identifiers that are derived from the
// alert let whoever raises know a second try again.
//
// The package seals nothing and opens nothing: a Raiser, which an enrolled
// endpoint makes, does.
package hook
