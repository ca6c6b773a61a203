package recipes

import (
	"context"
	"path/filepath"
	"strconv"
	"time"

	"gobuild/buildout/event"
	"gobuild/parts"
	"gobuild/parts/authority"
)

func certificateAuthoritySpec() parts.Spec {
	return parts.Spec{
		Names: []string{"certificate-authority", "slapos.cookbook:certificate_authority"},
		Doc: `Makes a certificate authority and signs the certificates that are requested.

All is done at installation and again at every run: the key and the certificate of
the authority, once the recipe certificate-request asks for one, those that it asks
for, and certificates that expire in less than 30 days, with the same keys. No
daemon and no openssl program is needed. The script is there for profiles that run
it as a service: it does the same whenever a request appears.

The directory is in the layout of ` + "`openssl ca`" + `. Keys can be read by their owner only.`,
		Open: true,
		Options: []parts.OptionSpec{
			{Name: "ca-dir", Required: true, Doc: "The existing directory of the authority: cacert.pem, serial, crlnumber, index.txt and openssl.cnf."},
			{Name: "ca-private", Required: true, Doc: "The existing directory of its key, cakey.pem."},
			{Name: "ca-certs", Required: true, Doc: "The existing directory of the certificates."},
			{Name: "ca-newcerts", Required: true, Doc: "The existing directory of copies of them, by number."},
			{Name: "requests-directory", Required: true, Doc: "The existing directory of the requests."},
			{Name: "wrapper", Required: true, Doc: "The script."},
			{Name: "openssl-binary", Doc: "Not used."},
			{Name: "key-size", Default: strconv.Itoa(authority.DefaultKeySize), Doc: "The length of the key of the authority, in bits. 256, 384 and 521 are keys of an elliptic curve, others are RSA."},
			{Name: "country-code", Default: "XX", Doc: "Two letters. As the following ones, for a new authority; certificates have what the authority has."},
			{Name: "state", Default: "State", Doc: "The state or province."},
			{Name: "city", Default: "City", Doc: "The city."},
			{Name: "company", Default: "Company", Doc: "The organisation."},
			{Name: "email", Default: "xx@example.com", Doc: "The address of whoever is responsible."},
		},
		Recipe: certificateAuthorityRecipe{},
	}
}

type certificateAuthorityRecipe struct{}

// certificateAuthorityAction makes an authority.
type certificateAuthorityAction struct {
	at    place // of ca-dir
	files cookbookAction
	a     authority.Authority
}

// Prepare reads the options. SPEC-recipes 13.2.
func (certificateAuthorityRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	v, err := requireAll(o, "ca-dir", "requests-directory", "ca-private", "ca-certs", "ca-newcerts", "wrapper")
	if err != nil {
		return nil, err
	}
	a := authority.Authority{Dir: inBuildout(ctx, o, v["ca-dir"]), Private: inBuildout(ctx, o, v["ca-private"]),
		NewCerts: inBuildout(ctx, o, v["ca-newcerts"]), Requests: inBuildout(ctx, o, v["requests-directory"])}
	if a.KeySize, err = certificateKeySize(o); err != nil {
		return nil, err
	}
	a.Subject = authority.Subject{Country: certificateText(o, "country-code", "XX"), State: certificateText(o, "state", "State"),
		City: certificateText(o, "city", "City"), Company: certificateText(o, "company", "Company"), Email: certificateText(o, "email", "xx@example.com")}
	if err := (authority.Subject{Country: a.Subject.Country}).Check(); err != nil {
		return nil, optionError(o, "country-code", codeBadValue, "%v", err)
	}
	noMail := a.Subject
	noMail.Email = ""
	if err := noMail.Check(); err != nil {
		return nil, place{o.Header(), []string{o.Name()}}.fail(codeBadValue, "%v", err)
	}
	if err := a.Subject.Check(); err != nil {
		return nil, optionError(o, "email", codeBadValue, "%v", err)
	}
	launch := []string{"service", "certificates", "--ca-dir=" + a.Dir, "--ca-private=" + a.Private, "--ca-newcerts=" + a.NewCerts,
		"--requests=" + a.Requests, "--key-size=" + strconv.Itoa(a.KeySize), "--country=" + a.Subject.Country, "--state=" + a.Subject.State,
		"--city=" + a.Subject.City, "--company=" + a.Subject.Company, "--email=" + a.Subject.Email}
	return &certificateAuthorityAction{optionPlace(o, "ca-dir"), cookbookAction{
		{at: optionPlace(o, "wrapper"), path: v["wrapper"], launch: launch, program: true},
	}, a}, nil
}

// certificateText is the value of an option, or def when it is missing.
func certificateText(o parts.Options, key, def string) string {
	if value, _, ok := o.Lookup(key); ok {
		return value
	}
	return def
}

// certificateKeySize reads key-size.
func certificateKeySize(o parts.Options) (int, error) {
	n, err := optionInt(o, "key-size", authority.DefaultKeySize)
	if err != nil {
		return n, err
	}
	if err := authority.CheckKeySize(n); err != nil {
		return 0, optionError(o, "key-size", codeBadValue, "%v", err)
	}
	return n, nil
}

// Run makes the authority, unless it is there, and the script. The authority is
// not owned: it stays when the part is removed.
func (a *certificateAuthorityAction) Run(ctx context.Context, w *parts.Work) error {
	config := filepath.Join(a.a.Dir, "openssl.cnf")
	if err := placeFile(config, a.a.Config(), cookbookFile); err != nil {
		return a.at.wrap(err)
	}
	signed, err := a.a.Ensure(time.Now())
	for _, name := range signed {
		w.Say(event.Info, "Created certificate "+strconv.Quote(name))
	}
	if err != nil {
		return a.at.wrap(err)
	}
	return a.files.Run(ctx, w)
}

// Update does the same: certificates are signed again before they expire.
func (a *certificateAuthorityAction) Update(ctx context.Context, w *parts.Work) error {
	return a.Run(ctx, w)
}

func certificateRequestSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"certificate-request", "slapos.cookbook:certificate_authority.request"},
		Doc: `Asks for a certificate and writes the script that starts a program once it is there.

key-file and cert-file are links to files that are named after the SHA-512 of name.
When the directory of the authority is ready, the certificate is made at once; else
the recipe certificate-authority makes it.

With key-content and cert-content these are written instead, if they belong
together; there is no script then.`,
		Open: true,
		Options: []parts.OptionSpec{
			{Name: "requests-directory", Required: true, Doc: "The existing directory of the requests."},
			{Name: "ca-private", Required: true, Doc: "The existing directory of the keys."},
			{Name: "ca-certs", Required: true, Doc: "The existing directory of the certificates."},
			{Name: "ca-dir", Doc: "The directory of the authority, if it is known."},
			{Name: "ca-newcerts", Doc: "The directory of copies of certificates."},
			{Name: "name", Doc: "The name in the certificate, by default that of the section."},
			{Name: "alt-names", Doc: "Host names and addresses for which the certificate is valid. Without them the name counts, if it looks like one."},
			{Name: "key-size", Default: strconv.Itoa(authority.DefaultKeySize), Doc: "The length of the key in bits, as with certificate-authority."},
			{Name: "key-file", Required: true, Doc: "The link to the key."},
			{Name: "cert-file", Required: true, Doc: "The link to the certificate."},
			{Name: "executable", Doc: "The program. Required unless the certificate is given."},
			{Name: "wrapper", Doc: "The script. Required unless the certificate is given."},
			{Name: "key-content", Doc: "A key that is given, in PEM."},
			{Name: "cert-content", Doc: "Its certificate, in PEM."},
		},
		Recipe: certificateRequestRecipe{},
	}
}

type certificateRequestRecipe struct{}

// certificateRequestAction asks for a certificate.
type certificateRequestAction struct {
	at    place // of requests-directory
	a     authority.Authority
	r     authority.Request
	given map[string]string // files with what is given
	links []cookbookLink
	files cookbookAction
}

// Prepare reads the options. SPEC-recipes 13.2.
func (certificateRequestRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	v, err := requireAll(o, "requests-directory", "ca-private", "ca-certs", "key-file", "cert-file")
	if err != nil {
		return nil, err
	}
	name, _, ok := o.Lookup("name")
	if !ok {
		name = o.Name()
		o.Set("name", name)
	}
	if err := authority.CheckName(name); err != nil {
		return nil, optionError(o, "name", codeBadValue, "%v", err)
	}
	hash := authority.Hash(name)
	a := &certificateRequestAction{at: optionPlace(o, "requests-directory")}
	a.r = authority.Request{Name: name, AltNames: optionWords(o, "alt-names"),
		Key:         inBuildout(ctx, o, cookbookJoin(v["ca-private"], hash+".key")),
		Certificate: inBuildout(ctx, o, cookbookJoin(v["ca-certs"], hash+".crt"))}
	if a.r.KeySize, err = certificateKeySize(o); err != nil {
		return nil, err
	}
	a.a = authority.Authority{Private: inBuildout(ctx, o, v["ca-private"]), Requests: inBuildout(ctx, o, v["requests-directory"])}
	if dir := optionText(o, "ca-dir"); dir != "" {
		a.a.Dir = inBuildout(ctx, o, dir)
	}
	if dir := optionText(o, "ca-newcerts"); dir != "" {
		a.a.NewCerts = inBuildout(ctx, o, dir)
	}
	a.links = []cookbookLink{
		{optionPlace(o, "key-file"), v["key-file"], a.r.Key},
		{optionPlace(o, "cert-file"), v["cert-file"], a.r.Certificate},
	}
	if err := a.readRest(o); err != nil {
		return nil, err
	}
	return a, nil
}

// readRest reads what is given, or what shall be started.
func (a *certificateRequestAction) readRest(o parts.Options) error {
	key, certificate := optionText(o, "key-content"), optionText(o, "cert-content")
	if key != "" && certificate != "" {
		if err := authority.CheckPair(certificate, key); err != nil {
			return optionError(o, "cert-content", codeBadValue, "The key and certificate provided don't match each other: %v", err).
				WithHint("check the parameters")
		}
		if p, ok := o.(parts.Profile); ok {
			p.Secret(key)
			p.Hide("key-content")
		}
		a.given = map[string]string{a.r.Key: key, a.r.Certificate: certificate}
		return nil
	}
	v, err := requireAll(o, "executable", "wrapper")
	if err != nil {
		return err
	}
	script := wrapperScript{words: []string{v["executable"]}, waitFor: []string{a.r.Certificate, a.r.Key}}
	a.files = cookbookAction{{at: optionPlace(o, "wrapper"), path: v["wrapper"], text: script.text(""), program: true}}
	return nil
}

// Run leaves the request, and has it answered if the authority is there.
func (a *certificateRequestAction) Run(ctx context.Context, w *parts.Work) error {
	for path, text := range a.given {
		if err := placeFile(path, []byte(text), cookbookFile); err != nil {
			return a.at.wrap(err)
		}
	}
	if a.given == nil {
		if err := a.request(w); err != nil {
			return a.at.wrap(err)
		}
	}
	for _, link := range a.links {
		if err := link.make(w); err != nil {
			return err
		}
	}
	return a.files.Run(ctx, w)
}

// request leaves the request.
func (a *certificateRequestAction) request(w *parts.Work) error {
	if err := a.r.Leave(a.a.Requests, umasked(w, 0o666)); err != nil {
		return err
	}
	if a.a.Dir == "" {
		return nil
	}
	made, err := a.a.Answer(a.r, time.Now())
	if made {
		w.Say(event.Info, "Created certificate "+strconv.Quote(a.r.Name))
	}
	return err
}

// Update does the same.
func (a *certificateRequestAction) Update(ctx context.Context, w *parts.Work) error {
	return a.Run(ctx, w)
}
