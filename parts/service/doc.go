// Package service starts the programs of instances: what a wrapper does
// between its own start and that of its program, and what it does after that
// when it must stay.
//
// # Who becomes the program
//
//	plain          this process: ignore, pidfile, CPU, wait, exec
//	private tmpfs  a child in name spaces of its own: the same, and mounts
//	               before exec. This process stays and is transparent.
//	redirect       this process: ignore, pidfile, wait; then it stays and
//	               copies the output. A child: CPU, mounts, exec.
//
// A child is needed for name spaces because a process with several threads,
// which every Go process is, may not enter a user name space. The child is this
// program again with the same command line: it shows the words of the program
// at its end from the beginning, which is what the check of a pid file looks
// for. A variable of the environment, which the program does not see, tells the
// child what it is.
//
// The process that stays passes signals on and ends as the program ends, by the
// same status or the same signal. When it is killed by SIGKILL the program is
// killed too.
//
// A pid file holds the id of the program, but with redirection that of the
// process that stays: it is the one that has to be told to open the files again.
package service
