// Package handheld is an endpoint in one hand: a page made for a phone or a rugged
// device, which client/console serves, and a terminal for laptops in vehicles.
//
// A Unit is the endpoint's owner where there is no browser: one goroutine folds what
// the Session tells into a console.Model, and what a person does comes to it as a
// console.Deed, as from a page. Terminal shows it: the screen is a pure function of
// the View and the keys. Voice goes through client/handheld/sound, and Ear keeps what
// was said for a while, so that what was missed can be heard late.
//
// Fix and its readers say where the unit is: typed by hand, or told by a receiver in
// NMEA 0183 or by gpsd.
package handheld
