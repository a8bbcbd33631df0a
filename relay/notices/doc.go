// Package notices works out what change notices mean to one relay: what a change
// breaks and for whom, how near it is, and whether what has changed at a partner was
// announced. It is pure: time, the notices held and what the relay knows are passed
// in; what must be told and stored comes out.
package notices
