// Package run runs the processes of a part: complete environment, output to
// the part's log in order, and no process left when a command is over.
//
// # One command, from start to end
//
//	looked up    Argv[0] is searched in PATH of the command's own environment
//	started      in a session of its own, stdin /dev/null, no terminal
//	running      output is copied to the log as it comes
//	over         the process ended; its output is read to the end, but no
//	             longer than Grace: a daemon may have kept it open
//	swept        what is left of its session gets SIGTERM, and after Grace
//	             SIGKILL
//
// Cancellation of the context leads from running to swept: SIGTERM goes to the
// session and to all descendants, also those that made sessions of their own,
// and SIGKILL after Grace.
//
// A session is used, not only a process group: it holds a process group too,
// but also the groups that timeout(1) or a shell with job control make inside
// it, and it has no terminal, so that a program that asks for a password on
// /dev/tty fails at once instead of being stopped for ever. A daemon that calls
// setsid and outlives its parent is left alone; from the end of the command it
// cannot write to the log.
//
// Unix has one umask for each process, not one for each thread. On Linux a
// thread can leave the process in this respect: a command with a umask of its
// own is started by a thread that has done so and that ends with the command, so
// that files of other parts never get it. Where that is not possible a shell sets
// the umask.
package run
