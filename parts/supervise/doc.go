// Package supervise has the programs of instances run by a supervisor that is
// there already: supervisord, runit or s6. It writes what the supervisor reads,
// starts it, and speaks to it; no program of an instance is a child of gobuild.
//
// # What runs
//
//	etc/service/NAME  a daemon: started again whenever it ends
//	etc/run/NAME      runs once; started again only if it fails
//
// One supervisor serves all instances below one directory, the root. Its own
// files are in ROOT/.supervisor.
//
// Every program is a unit of its own, INSTANCE.NAME, and not one of a group of
// supervisord: a group can only be changed as a whole, which would restart all
// of its programs when one is changed or added. Each unit holds a checksum of
// the program's file, so that supervisord itself tells which have changed.
//
// Who changes something holds the lock of the root.
package supervise
