package recipes

import (
	"context"
	"strings"

	"gobuild/parts"
)

// urlparseComputed are the options that urlparse sets.
var urlparseComputed = []string{"scheme", "username", "password", "host", "port", "path", "params", "query", "fragment"}

func urlparseSpec() parts.Spec {
	spec := parts.Spec{
		Names:   []string{"urlparse", "slapos.cookbook:urlparse"},
		Doc:     "Takes a URL apart. What it has not is blank; of path the slashes at both ends are taken off, and the host is in small letters.",
		Options: []parts.OptionSpec{{Name: "url", Required: true, Doc: "The URL."}},
		Recipe:  urlparseRecipe{},
	}
	for _, name := range urlparseComputed {
		spec.Options = append(spec.Options, parts.OptionSpec{Name: name, Computed: true, Doc: "The part of the URL that is called so."})
	}
	return spec
}

type urlparseRecipe struct{}

// Prepare takes the URL apart. SPEC-recipes 13.2.
func (urlparseRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	url, err := requireOption(o, "url")
	if err != nil {
		return nil, err
	}
	u, ok := splitURL(url)
	if !ok {
		return nil, optionError(o, "url", codeBadValue, "%q is no URL: the port must be a number from 0 to 65535, and an address in brackets must end", url)
	}
	for i, value := range []string{u.scheme, u.username, u.password, u.host, u.port, strings.Trim(u.path, "/"), u.params, u.query, u.fragment} {
		o.Set(urlparseComputed[i], value)
	}
	return nothing{}, nil
}

// urlParts is a URL taken apart as Python's urllib.parse.urlparse does: no
// escape is decoded.
type urlParts struct {
	scheme, username, password, host, port, path, params, query, fragment string
}

// splitURL takes a URL apart.
func splitURL(url string) (u urlParts, ok bool) {
	url = strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(strings.TrimLeft(url, " "))
	rest := url
	if i := strings.IndexByte(url, ':'); i > 0 && isScheme(url[:i]) {
		u.scheme, rest = strings.ToLower(url[:i]), url[i+1:]
	}
	authority := ""
	if after, found := strings.CutPrefix(rest, "//"); found {
		end := len(after)
		if i := strings.IndexAny(after, "/?#"); i >= 0 {
			end = i
		}
		authority, rest = after[:end], after[end:]
	}
	rest, u.fragment, _ = strings.Cut(rest, "#")
	u.path, u.query, _ = strings.Cut(rest, "?")
	u.path, u.params = cutParams(u.scheme, u.path)
	return u, u.readAuthority(authority)
}

// isScheme reports whether text may stand before the colon of a URL.
func isScheme(text string) bool {
	for i, c := range text {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", c)) {
			return false
		}
	}
	return true
}

// withParams are the schemes whose last component may have parameters.
const withParams = " ftp hdl prospero http https shttp rtsp rtspu sip sips mms sftp tel "

// cutParams cuts `;parameters` off the last component of a path.
func cutParams(scheme, path string) (before, params string) {
	slash := strings.LastIndexByte(path, '/') + 1
	i := strings.IndexByte(path[slash:], ';')
	if i < 0 || scheme != "" && !strings.Contains(withParams, " "+scheme+" ") {
		return path, ""
	}
	return path[:slash+i], path[slash+i+1:]
}

// readAuthority reads [user[:password]@]host[:port].
func (u *urlParts) readAuthority(authority string) bool {
	host := authority
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		u.username, u.password, _ = strings.Cut(authority[:i], ":")
		host = authority[i+1:]
	}
	if inner, ok := strings.CutPrefix(host, "["); ok {
		end := strings.IndexByte(inner, ']')
		if end < 0 {
			return false
		}
		u.host, host = strings.ToLower(inner[:end]), inner[end+1:]
		_, u.port, _ = strings.Cut(host, ":")
	} else {
		host, u.port, _ = strings.Cut(host, ":")
		u.host = strings.ToLower(host)
	}
	return u.readPort()
}

// readPort checks the port and writes it without zeros before it.
func (u *urlParts) readPort() bool {
	if strings.Trim(u.port, "0123456789") != "" {
		return false
	}
	if u.port != "" {
		if u.port = strings.TrimLeft(u.port, "0"); u.port == "" {
			u.port = "0"
		}
	}
	return len(u.port) < 5 || len(u.port) == 5 && u.port <= "65535"
}
