// Package incident is how hails, their ladders and their incidents move, and who is
// on duty: one machine that a calling channel's hub and every member run over the
// same log, so that a member need not believe the hub and the hub no member. It
// knows the open part of messages only, and no clock but the one in the log.
package incident
