// Package jobs is the one budget of -j N: tokens for the parts that run and for
// what the makes inside them compile, together.
//
// # Where a token can be
//
//	free     with the pool
//	taken    with a running part: its implicit one, or more (Take, Release)
//	unread   in the fifo of a running part, put there by the pool
//	in use   read from the fifo by a make of the part, which writes it back
//
// free + taken + unread + in use = Total, always. Unread and in use together are
// what is granted to a part; the pool knows the sum exactly, as nobody else
// grants, and asks the kernel how much is unread.
//
// # One fifo for each part
//
// A jobserver shared by all parts would lose the tokens of a make that is
// killed. Here each part has its own, so that all that was granted to a part is
// free again when its command has ended, and no process of it is left to give
// anything back.
//
// The fifo is named in MAKEFLAGS (`--jobserver-auth=fifo:PATH`) when GNU make is
// 4.4 or newer. An older one gets descriptors of the same fifo
// (`--jobserver-auth=R,W`), so that the two styles differ in words only.
//
// # Who gets how much
//
// Take comes first: what is unread anywhere counts as free, and while a Take
// waits, tokens that makes give back are read before the makes see them again.
// The rest is shared out evenly among the parts whose commands run. A part that
// has read all of its tokens is hungry; the unread ones of others go to it, at
// each tick. What a part leaves unread for two ticks it does not need: it gets
// nothing more for a while, which doubles each time.
//
// # What makes can do wrong
//
// A make that writes more bytes than it read is found out at the next tick: its
// fifo is emptied but for one byte, and all that was granted to the part counts
// as in use until its command ends. One byte more than granted is right: rustc
// lends its implicit token while it waits.
package jobs
