// Package console serves a dispatcher's page, or a handheld's, from the endpoint's
// own process, and carries voice between the page and the channels.
//
// The endpoint holds every key; the page holds none. A View is everything that the page
// shows, and the page shows nothing else: what is secure, who speaks and who listens
// is decided here, where it is known. What a person presses comes back as a Deed.
//
//	browser  <-- Server-Sent Events: the sections of the View that changed
//	browser  --> POST /api/do: a Deed
//	browser <--> WebRTC: one track up, one track down for each channel
//
// The server answers this machine only, unless it has a certificate; it asks who comes
// for the secret that was printed when it began, and takes no request that another site
// made (Guard).
package console
