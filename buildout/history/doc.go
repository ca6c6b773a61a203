// Package history remembers runs: what each did, when, and what was installed
// after it.
//
// # Terms
//
//	run       one call of gobuild that changed something, or tried to
//	entry     the directory .gobuild/history/ID of a run
//	lane      a row of the timeline: no two parts of a lane overlap
//	kept tree what a part owned before a run replaced or removed it, moved to
//	          .gobuild/previous/ID/PART instead of deleted
//
// # An entry
//
//	run.json       the Run; written when the first change is near, with the
//	               result "running", and again at the end
//	installed.cfg  a copy of .installed.cfg after the run; when it is long,
//	               installed.cfg.gz
//	log/PART.log   the end of the log of a failed part
//
// The ID is the time of the start (UTC) and the process number, so that IDs
// sort by time. A run that is still "running" and whose process is gone was
// killed.
package history
