package recipes

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strconv"

	"gobuild/parts"
	"gobuild/parts/service"
)

func sshkeysSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"sshkeys", "slapos.cookbook:sshkeys_authority"},
		Doc: `Writes the script of a service that makes the SSH keys that the recipe sshkeys-request asks for.

The script runs ` + "`gobuild service ssh-keys`" + `, by the path of the gobuild that wrote it.`,
		Open: true,
		Options: []parts.OptionSpec{
			{Name: "wrapper", Required: true, Doc: "The script."},
			{Name: "request-directory", Required: true, Doc: "The existing directory of the requests."},
			{Name: "keygen-binary", Required: true, Doc: "The program that makes keys: ssh-keygen of OpenSSH, or dropbearkey."},
		},
		Recipe: sshkeysRecipe{},
	}
}

type sshkeysRecipe struct{}

// Prepare reads the options. SPEC-recipes 13.2.
func (sshkeysRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	v, err := requireAll(o, "wrapper", "request-directory", "keygen-binary")
	if err != nil {
		return nil, err
	}
	launch := []string{"service", "ssh-keys", "--", v["request-directory"], v["keygen-binary"]}
	return cookbookAction{{at: optionPlace(o, "wrapper"), path: v["wrapper"], launch: launch, program: true}}, nil
}

func sshkeysRequestSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"sshkeys-request", "slapos.cookbook:sshkeys_authority.request"},
		Doc: `Asks for a pair of SSH keys and writes the script that starts a program once they are there.

public-key and private-key are links to files that are named after the SHA-256 of
name.`,
		Open: true,
		Options: []parts.OptionSpec{
			{Name: "name", Doc: "The name of the keys, by default that of the section."},
			{Name: "keys-directory", Required: true, Doc: "The existing directory of the keys."},
			{Name: "request-directory", Required: true, Doc: "The existing directory of the requests."},
			{Name: "public-key", Required: true, Doc: "The link to the public key."},
			{Name: "private-key", Required: true, Doc: "The link to the private key."},
			{Name: "executable", Required: true, Doc: "The program."},
			{Name: "wrapper", Required: true, Doc: "The script."},
			{Name: "type", Default: "rsa", Doc: "The type of the keys."},
			{Name: "size", Default: "4096", Doc: "Their length in bits."},
			{Name: "public-key-value", Computed: true, Doc: "The public key, blank until it is there."},
		},
		Recipe: sshkeysRequestRecipe{},
	}
}

type sshkeysRequestRecipe struct{}

// sshkeysRequestAction asks for keys.
type sshkeysRequestAction struct {
	request cookbookWrite
	links   []cookbookLink
	files   cookbookAction
}

// Prepare reads the options. SPEC-recipes 13.2.
func (sshkeysRequestRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	name, _, ok := o.Lookup("name")
	if !ok {
		name = o.Name()
		o.Set("name", name)
	}
	v, err := requireAll(o, "keys-directory", "request-directory", "public-key", "private-key", "executable", "wrapper")
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(name))
	private := cookbookJoin(v["keys-directory"], hex.EncodeToString(sum[:]))
	r := service.KeyRequest{PrivateKey: private, PublicKey: private + ".pub"}
	text, _ := os.ReadFile(inBuildout(ctx, o, r.PublicKey))
	o.Set("public-key-value", string(text))
	if _, _, ok := o.Lookup("size"); ok {
		if r.Size, err = optionInt(o, "size", 0); err != nil {
			return nil, err
		}
	}
	r.Type = optionText(o, "type")
	script := wrapperScript{words: []string{v["executable"]}, waitFor: []string{r.PrivateKey, r.PublicKey}}
	return &sshkeysRequestAction{
		cookbookWrite{at: optionPlace(o, "request-directory"), path: cookbookJoin(v["request-directory"], name), text: sshkeysText(r), plain: true},
		[]cookbookLink{{optionPlace(o, "public-key"), v["public-key"], r.PublicKey}, {optionPlace(o, "private-key"), v["private-key"], r.PrivateKey}},
		cookbookAction{{at: optionPlace(o, "wrapper"), path: v["wrapper"], text: script.text(""), program: true}},
	}, nil
}

// sshkeysText is the request as Python's json writes it.
func sshkeysText(r service.KeyRequest) string {
	text := `{"private_key": ` + jsonString(r.PrivateKey) + `, "public_key": ` + jsonString(r.PublicKey)
	if r.Size > 0 {
		text += `, "size": ` + strconv.Itoa(r.Size)
	}
	if r.Type != "" {
		text += `, "type": ` + jsonString(r.Type)
	}
	return text + "}"
}

// Run leaves the request.
func (a *sshkeysRequestAction) Run(ctx context.Context, w *parts.Work) error {
	if err := (cookbookAction{a.request}).Run(ctx, w); err != nil {
		return err
	}
	for _, link := range a.links {
		if err := link.make(w); err != nil {
			return err
		}
	}
	return a.files.Run(ctx, w)
}

// Update does the same.
func (a *sshkeysRequestAction) Update(ctx context.Context, w *parts.Work) error { return a.Run(ctx, w) }
