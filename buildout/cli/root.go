package cli

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
	"gobuild/buildout/ui"
	"gobuild/parts/pure"
)

// flags are the options that every command takes.
type flags struct {
	config    string
	timeout   string
	noUser    bool
	debug     bool
	verbose   int
	quiet     int
	offline   bool
	online    bool
	newest    bool
	noNewest  bool
	dialect   string
	color     string
	format    string
	silence   []string
	json      bool
	jobs      int
	run       runFlags
	noWait    bool
	showVer   bool
	reference bool // -W, -A: letters that zc.buildout accepts and answers with help

	relocatable bool
	pure        string
}

const rootLong = `gobuild reads buildout profiles and installs the parts that they describe:
whole software stacks from source into a local prefix, and instances of them.

  gobuild -c software.cfg                       install all parts
  gobuild -c software.cfg buildout:parts=zlib   with another value for an option
  gobuild -c software.cfg install zlib          only this part
  gobuild -c software.cfg annotate              where each value comes from

Words of the form section:option=value override options of the profile; a word
without a colon sets an option of [buildout]. They come before the command.`

const statusHelp = `
Exit status: 0 done; 1 a part failed; 2 wrong use; 3 an error in the profile;
4 a source could not be fetched; 6 the state of the directory is damaged or
cannot be written; 130 interrupted.`

// messageFormats are the values of --message-format.
var messageFormats = []string{"text", "json", "github", "sarif"}

// newRoot makes the command tree.
func newRoot(a *app) *cobra.Command {
	install := newInstall(a)
	root := &cobra.Command{
		Use: "gobuild [options] [section:option=value…] [command]", Short: "build software stacks from buildout profiles",
		Long: rootLong + "\n" + statusHelp, SilenceErrors: true, SilenceUsage: true, TraverseChildren: true,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case a.flags.showVer:
				return runVersion(a)
			case a.flags.reference:
				return cmd.Help()
			case len(args) > 0:
				return unknownCommand(cmd, args[0])
			}
			return install.RunE(cmd, args)
		},
		PersistentPreRunE: func(*cobra.Command, []string) error { return a.checkFlags() },
	}
	a.addFlags(root)
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(install, newBootstrap(a), newInit(a), newAnnotate(a), newQuery(a), newResolve(a), newRecipe(a),
		newExplain(a), newWhy(a), newPlan(a), newGraph(a),
		newReport(a), newHistory(a), newRollback(a),
		newSettings(a), newHandover(a), newVersion(a), newFmt(a), newLint(a), newAudit(a), newSBOM(a), newLicenses(a), newPack(a), newUnpack(a), newRelocate(a), newLSP(a), newExec(a), newResume(a), newRebuild(a), newShell(a), newLog(a), newInstance(a), newPromise(a), newCheck(a), newService(a), newNinja())
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		if c.Long != "" && c.RunE != nil && !strings.Contains(c.Long, "Exit status:") {
			c.Long += "\n" + statusHelp
		}
	}
	return root
}

func (a *app) addFlags(root *cobra.Command) {
	p, f := root.PersistentFlags(), &a.flags
	p.StringVarP(&f.config, "config", "c", "buildout.cfg", "profile `FILE` or URL")
	p.StringVarP(&f.timeout, "timeout", "t", "", "socket time-out in `SECONDS`")
	p.BoolVarP(&f.noUser, "no-user-defaults", "U", false, "do not read ~/.buildout/default.cfg")
	p.BoolVarP(&f.debug, "debug", "D", false, "show the causes of errors")
	p.CountVarP(&f.verbose, "verbose", "v", "say more; may be repeated")
	p.CountVarP(&f.quiet, "quiet", "q", "say less; may be repeated")
	p.BoolVarP(&f.offline, "offline", "o", false, "offline: no network (buildout:offline=true)")
	p.BoolVarP(&f.online, "online", "O", false, "not offline (buildout:offline=false)")
	p.BoolVarP(&f.newest, "newest", "n", false, "look for newer versions (buildout:newest=true)")
	p.BoolVarP(&f.noNewest, "no-newest", "N", false, "what is there is good enough (buildout:newest=false)")
	p.StringVar(&f.dialect, "dialect", "", "rules of the profile language: auto, upstream or slapos")
	p.StringVar(&f.color, "color", "", "colour of messages: auto, always or never")
	p.BoolVar(&f.json, "json", false, "results and events as JSON on standard output")
	p.StringVar(&f.format, "message-format", "", "form of errors and warnings on standard error: text, json, github or sarif")
	p.StringSliceVar(&f.silence, "silence", nil, "do not show warnings with `CODE`; may be repeated")
	p.IntVarP(&f.jobs, "jobs", "j", 0, "`N` jobs at once for parts and what they compile, together; all processors by default, 1 as zc.buildout")
	p.BoolVar(&f.relocatable, "relocatable", false, "build parts so that they can be moved (buildout:relocatable=true)")
	p.StringVar(&f.pure, "pure", "", "compile in a clean environment, without what else is installed on this machine (buildout:pure=true); `MODE` is true, environment or false")
	p.Lookup("pure").NoOptDefVal = string(pure.Namespaces)
	p.BoolVar(&f.noWait, "no-wait", false, "fail when another run holds the directory")
	a.addRunFlags(root.Flags())
	root.Flags().BoolVar(&f.showVer, "version", false, "show the version")
	for _, letter := range []string{"W", "A"} {
		root.Flags().BoolVarP(&f.reference, letter, letter, false, "")
		root.Flags().MarkHidden(letter)
	}
	root.RegisterFlagCompletionFunc("dialect", cobra.FixedCompletions([]string{"auto", "upstream", "slapos"}, cobra.ShellCompDirectiveNoFileComp))
	root.RegisterFlagCompletionFunc("message-format", cobra.FixedCompletions(messageFormats, cobra.ShellCompDirectiveNoFileComp))
	root.RegisterFlagCompletionFunc("pure", cobra.FixedCompletions(pure.Modes, cobra.ShellCompDirectiveNoFileComp))
	root.RegisterFlagCompletionFunc("silence", cobra.FixedCompletions(warningCodes(), cobra.ShellCompDirectiveNoFileComp))
	root.RegisterFlagCompletionFunc("color", cobra.FixedCompletions(ui.ColorModes, cobra.ShellCompDirectiveNoFileComp))
}

// checkFlags checks the values of the flags and turns the letters of
// zc.buildout into assignments.
func (a *app) checkFlags() error {
	f := &a.flags
	if f.dialect != "" {
		if _, err := profile.ParseDialect(f.dialect); err != nil {
			return usage("%v", err)
		}
	}
	if _, err := ui.NewStyle(a.Stderr, f.color, a.Environ); err != nil {
		return withStatus(StatusUsage, err)
	}
	if !slices.Contains(messageFormats, cmp.Or(f.format, "text")) {
		return usage("unknown --message-format %q: it is one of %s", f.format, strings.Join(messageFormats, ", "))
	}
	if err := a.checkSilenced(); err != nil {
		return err
	}
	if f.jobs < 0 {
		return usage("--jobs takes a number of jobs, not %d", f.jobs)
	}
	if f.timeout != "" {
		if _, err := strconv.Atoi(f.timeout); err != nil {
			return usage("Timeout value must be numeric -t")
		}
	}
	if _, err := pure.ParseMode(f.pure); err != nil {
		return usage("--pure: %v", err)
	}
	if f.pure != "" {
		a.set("pure", f.pure)
	}
	if verbosity := 10 * (f.verbose - f.quiet); verbosity != 0 {
		a.set("verbosity", strconv.Itoa(verbosity))
	}
	if f.timeout != "" {
		a.set("socket-timeout", f.timeout)
	}
	for _, s := range []struct {
		given         bool
		option, value string
	}{{f.offline, "offline", "true"}, {f.online, "offline", "false"}, {f.newest, "newest", "true"}, {f.noNewest, "newest", "false"}, {f.relocatable, "relocatable", "true"}} {
		if s.given {
			a.set(s.option, s.value)
		}
	}
	return nil
}

// set adds an assignment to [buildout] that a flag stands for.
func (a *app) set(option, value string) {
	text := option + "=" + value
	src := diag.NewSource("<command line>", []byte(text))
	a.line.assignments = append(a.line.assignments, profile.Assignment{
		Section: "buildout", Option: option, Value: value, At: diag.SpanOf(src, len(option)+1, len(text))})
}

var (
	shorthand = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`unknown shorthand flag: '(.)'`) })
	unknown   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^unknown flag: --(.*)$`) })
	longFlag  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^ +(?:-\w, )?(--[\w-]+)`) })
	argument  = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^invalid argument ("(?:[^"\\]|\\.)*") for "(?:-\w, )?(--[\w-]+)" flag`)
	})
)

// flagError words an error of the flag parser as zc.buildout does.
func flagError(cmd *cobra.Command, err error) error {
	text := err.Error()
	const lists = "`gobuild --help` lists the options"
	switch {
	case strings.HasPrefix(text, "flag needs an argument: 'c'"):
		return usage("No file name specified for option -c")
	case strings.HasPrefix(text, "flag needs an argument: 't'"):
		return usage("No timeout value specified for option -t")
	}
	if m := shorthand().FindStringSubmatch(text); m != nil {
		return withHint(usage("Invalid option -%s", m[1]), lists)
	}
	if m := unknown().FindStringSubmatch(text); m != nil {
		return withHint(usage("Invalid option --%s", m[1]), cmp.Or(diag.DidYouMean("--"+m[1], flagNames(cmd)), lists))
	}
	if m := argument().FindStringSubmatch(text); m != nil {
		return withHint(usage("Invalid value for option %s: %s", m[2], m[1]), lists)
	}
	return withHint(usage("Invalid option: %s", text), lists)
}

// flagNames lists the long flags that a command takes.
func flagNames(cmd *cobra.Command) []string {
	var names []string
	for _, m := range longFlag().FindAllStringSubmatch(cmd.Flags().FlagUsages()+cmd.PersistentFlags().FlagUsages()+cmd.InheritedFlags().FlagUsages(), -1) {
		names = append(names, m[1])
	}
	return names
}

func withHint(err error, hint string) error {
	var d *diag.Diagnostic
	if errors.As(err, &d) {
		d.Hint = hint
	}
	return err
}

// noWords refuses words after a command that takes none.
func noWords(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("%s takes no further word, not %q", strings.TrimPrefix(cmd.CommandPath(), "gobuild "), args[0])
	}
	return nil
}

// notACommand are words that people try, with what to do instead.
var notACommand = map[string]string{
	"uninstall": "take the part out of `parts` and run gobuild: it removes what no profile names any more",
	"remove":    "take the part out of `parts` and run gobuild: it removes what no profile names any more",
	"update":    "`gobuild` updates what is installed",
	"setup":     "gobuild runs no Python setup scripts",
	"runsetup":  "gobuild runs no Python setup scripts",
}

// unknownCommand reports a word that is no command below parent.
func unknownCommand(parent *cobra.Command, word string) error {
	var names []string
	for _, c := range parent.Commands() {
		names = append(names, c.Name())
	}
	hint := notACommand[word]
	if hint == "" {
		hint = diag.DidYouMean(word, names)
	}
	if strings.HasSuffix(word, ".cfg") && !parent.HasParent() {
		hint = fmt.Sprintf("`gobuild -c %s` names the profile", word)
	}
	if hint == "" && parent.HasParent() {
		hint = fmt.Sprintf("`%s --help` lists the commands", parent.CommandPath())
	} else if hint == "" {
		hint = fmt.Sprintf("`gobuild install %s` installs a part; `gobuild --help` lists the commands", word)
	}
	return withHint(usage("invalid command: %s", word), hint)
}
