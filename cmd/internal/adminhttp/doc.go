// Package adminhttp shows a running relay to its administrator over HTTP:
//
//	GET /metrics  figures, for Prometheus (relay/metrics)
//	GET /healthz  200 while the process works, else 503 with what does not
//	GET /readyz   200 while it can take links, else 503 with why not
//	GET /status   JSON: Status
//
// It reads and never changes anything; there is no password. By default it
// answers this machine only (relayd.Config.Admin), and then only requests that
// name this machine: a page in a browser here must not read it under a name of
// its own. It tells no content, no key, no endpoint's name and no token.
package adminhttp
