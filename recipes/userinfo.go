package recipes

import (
	"bufio"
	"context"
	"os"
	"os/user"
	"strconv"
	"strings"

	"gobuild/parts"
)

func userinfoSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"userinfo", "slapos.cookbook:userinfo"},
		Doc:   "Tells who runs gobuild.",
		Options: []parts.OptionSpec{
			{Name: "pw-name", Computed: true, Doc: "The name of the user."},
			{Name: "pw-uid", Computed: true, Doc: "The number of the user."},
			{Name: "pw-gid", Computed: true, Doc: "The number of the user's own group."},
			{Name: "pw-dir", Computed: true, Doc: "The home directory."},
			{Name: "pw-shell", Computed: true, Doc: "The login shell."},
			{Name: "gr-name", Computed: true, Doc: "The name of the group that gobuild runs as."},
			{Name: "gr-gid", Computed: true, Doc: "The number of that group."},
		},
		Recipe: userinfoRecipe{},
	}
}

type userinfoRecipe struct{}

// Prepare asks for the user. SPEC-recipes 13.2.
func (userinfoRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	u, err := user.Current()
	if err != nil {
		return nil, place{o.Header(), []string{o.Name()}}.fail(codeBadValue, "the user who runs gobuild is not known to the system: %v", err)
	}
	gid := strconv.Itoa(os.Getgid())
	group, err := user.LookupGroupId(gid)
	if err != nil {
		return nil, place{o.Header(), []string{o.Name()}}.fail(codeBadValue, "the group %s is not known to the system: %v", gid, err)
	}
	for key, value := range map[string]string{"pw-name": u.Username, "pw-uid": u.Uid, "pw-gid": u.Gid, "pw-dir": u.HomeDir,
		"pw-shell": loginShell(u.Uid), "gr-name": group.Name, "gr-gid": group.Gid} {
		o.Set(key, value)
	}
	return nothing{}, nil
}

// loginShell is the shell of a user in /etc/passwd, or /bin/sh.
func loginShell(uid string) string {
	const shell = "/bin/sh"
	f, err := os.Open("/etc/passwd")
	if err != nil {
		return shell
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if fields := strings.Split(lines.Text(), ":"); len(fields) == 7 && fields[2] == uid && fields[6] != "" {
			return fields[6]
		}
	}
	return shell
}
