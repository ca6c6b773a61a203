// Package fetch gets the files that parts and profiles name: from local paths,
// caches, mirrors and web servers, checked against their checksums, and unpacks
// archives. Everything that arrives is treated as hostile: sizes are limited,
// an answer is looked at under a temporary name until its checksum holds, and
// no member of an archive leaves its directory.
//
// A request is answered by the first of these that can:
//
//  1. the URL itself when it names a local path, which is used in place;
//  2. the download cache, under the MD5 of the URL's text;
//  3. the source cache, under a checksum;
//  4. the mirrors that are local directories, under a checksum or a name;
//  5. the URL and its alternates, then the mirrors that are web servers.
//
// The last step works in rounds: each source is asked once, those that failed
// for good (status 404, wrong checksum) are left out, and after a pause the
// others are asked again. Offline stops after step 4 and local alternates.
//
// Prefetch announces what parts are going to ask for, and gets it meanwhile.
package fetch

import (
	"context"
	"io"
	"net/http"
	"runtime"
	"sync"
	"time"

	"gobuild/buildout/event"
	"gobuild/parts"
)

// Config says where files come from and where they are kept. The zero Config
// works: it has no cache and no mirror.
type Config struct {
	// Cache is the directory of the source cache: a file with a known checksum
	// is kept as Cache/ALGORITHM/HEX. "" means none.
	Cache string
	// DownloadCache is [buildout] download-cache: a file is kept under the MD5
	// of the URL's text. It must exist. "" means none.
	DownloadCache string
	// Mirrors are base URLs and local directories that are asked for files
	// with a known checksum, as BASE/ALGORITHM/HEX and BASE/NAME, where NAME is
	// the last element of the URL's path. A local directory is an absolute
	// path; it may have a manifest.json that lists files and their checksums.
	Mirrors []string
	// Offline forbids the network. A request may say otherwise.
	Offline bool
	// ReadOnly leaves the caches as they are: what is downloaded goes to
	// temporary files.
	ReadOnly bool
	// Tries is how often a source that fails is asked; 0 means 3.
	Tries int
	// Backoff is the pause before the second try; it doubles each time. 0
	// means one second.
	Backoff time.Duration
	// DialTimeout limits the making of a connection; 0 means 30 seconds.
	DialTimeout time.Duration
	// StallTimeout limits how long a server may send nothing; 0 means one
	// minute.
	StallTimeout time.Duration
	// MaxBytes limits the size of a download; 0 means 16 GiB.
	MaxBytes int64
	// HoldBytes limits what Prefetch got and no cache keeps, while it waits for
	// its part; 0 means 4 GiB.
	HoldBytes int64
	// Threads is how many threads may unpack one archive; 0, or more than there
	// are processors, means one for each.
	Threads int
	// UserAgent is sent to servers; "" means gobuild.
	UserAgent string
}

const (
	defaultTries    = 3
	defaultBackoff  = time.Second
	defaultDial     = 30 * time.Second
	defaultStall    = time.Minute
	defaultMaxBytes = 16 << 30
	defaultHold     = 4 << 30
	// finalFor is how long a final failure that Prefetch met counts for the part.
	// After that the part asks again: servers recover.
	finalFor     = time.Minute
	defaultAgent = "gobuild"
)

// withDefaults returns c with its zero limits replaced.
func (c Config) withDefaults() Config {
	setDefault(&c.Tries, defaultTries)
	setDefault(&c.Backoff, defaultBackoff)
	setDefault(&c.DialTimeout, defaultDial)
	setDefault(&c.StallTimeout, defaultStall)
	setDefault(&c.MaxBytes, defaultMaxBytes)
	setDefault(&c.HoldBytes, defaultHold)
	setDefault(&c.UserAgent, defaultAgent)
	if most := runtime.GOMAXPROCS(0); c.Threads < 1 || c.Threads > most {
		c.Threads = most
	}
	return c
}

func setDefault[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}

// Client gets files for all parts of a run. It may be used by several
// goroutines at once; two requests for one file lead to one download.
type Client struct {
	config    Config
	transport http.RoundTripper
	limits    limits
	locks     locks
	flights   *flights
	finalFor  time.Duration
	mirrors   []*mirror
	sweep     sync.Once

	mu   sync.Mutex
	read map[string]bool // URLs of profiles that this run got from the network
}

// New returns a Client. It touches neither disk nor network.
func New(c Config) *Client {
	c = c.withDefaults()
	return &Client{
		config:    c,
		transport: newTransport(c),
		limits:    defaultLimits(),
		flights:   newFlights(c.HoldBytes),
		finalFor:  finalFor,
		mirrors:   newMirrors(c.Mirrors),
		read:      map[string]bool{},
	}
}

// Part is what the Client needs to know of a part.
type Part struct {
	Name string
	Dir  string // where relative paths start: the buildout directory
	// Temp is where uncached downloads go, and others on their way into a cache
	// on the same file system: what a run that was killed leaves is there. It is
	// made when it is needed. "" means the directory of the system, or one of
	// the cache.
	Temp   string
	Log    io.Writer  // nil means nowhere
	Events event.Sink // nil means nowhere
	// Used is told of each local file that answers a request without checksum,
	// before it is read. nil: nobody wants to know.
	Used func(path string)
}

// For returns the Fetcher of one part.
func (c *Client) For(p Part) parts.Fetcher { return c.fetcher(p) }

// fetcher does the work for one part. It has no state of its own.
type fetcher struct {
	*Client
	part Part
	// enter waits until a server may be asked; nil means at once.
	enter func(ctx context.Context, host string) error
}

func (c *Client) fetcher(p Part) *fetcher {
	if p.Log == nil {
		p.Log = io.Discard
	}
	if p.Events == nil {
		p.Events = event.Discard
	}
	return &fetcher{Client: c, part: p}
}

// log writes a line to the part's log.
func (f *fetcher) log(text string) {
	io.WriteString(f.part.Log, text+"\n")
}

// say shows text to the user and logs it.
func (f *fetcher) say(level event.Level, text string) {
	f.log(text)
	f.part.Events.Emit(event.Event{Kind: event.Message, Part: f.part.Name, Level: level, Text: text})
}
