// Package promise checks whether an instance does what it promises: that a port
// listens, that a page answers, that a certificate is valid for some time yet.
//
// A promise is a file of the instance. Those in etc/promise are programs: one
// that ends with another status than 0, or that does not end in time, has
// failed, and its output is the reason. Those in etc/plugin are Python modules,
// as the recipe promise-plugin of slapos.cookbook writes them:
//
//	sys.path[0:0] = (...)                 the eggs of the check
//	extra_config_dict = {...}             what it is told
//	from MODULE import CLASS as RunPromise
//
// A module whose MODULE is one of the checks that this package knows is not run
// but read, and checked here: no Python is needed. Others are run by Python, each
// in a process of its own.
//
// A promise that does not end in time is ended with all the processes that it
// has started.
package promise
