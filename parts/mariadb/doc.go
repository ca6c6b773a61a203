// Package mariadb makes the data directory of a MariaDB server once, and starts
// the server on it.
//
// # The data directory
//
// It is made beside its place, in DATA.unfinished, and renamed when it is
// complete: with the system tables, the accounts and the first data. What a kill
// leaves there is made again from the beginning. A directory at DATA is never
// removed.
//
// The file gobuild.json in it, the mark, says which instance it belongs to, which
// version of the server wrote it, and which SQL it has seen. A directory without
// a mark, with that of another instance, or of a newer server is refused.
//
// # Who uses the directory
//
// Whoever works on it holds a lock on DATA.lock. A server is given the open file,
// so that the lock lasts until its process has let go of all its files, however
// it ends.
package mariadb
