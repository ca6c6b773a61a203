package recipes

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"math/big"
	"os"
	"strconv"
	"strings"

	"gobuild/parts"
)

func randomIntegerSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"random-integer", "slapos.cookbook:random.integer"},
		Doc: `Chooses a whole number at random.

An installed part keeps its number as long as the limits allow it.`,
		Options: []parts.OptionSpec{
			{Name: "minimum", Doc: "The least number. Required without value."},
			{Name: "maximum", Doc: "The greatest number. Required without value."},
			{Name: "value", Doc: "The number: chosen when it is not given."},
		},
		Recipe: randomIntegerRecipe{},
	}
}

type randomIntegerRecipe struct{}

// Prepare chooses the number. SPEC-recipes 13.2.
func (randomIntegerRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	if _, _, given := o.Lookup("value"); given {
		return nothing{}, nil
	}
	if _, err := requireAll(o, "minimum", "maximum"); err != nil {
		return nil, err
	}
	least, err := optionInt(o, "minimum", 0)
	if err != nil {
		return nil, err
	}
	most, err := optionInt(o, "maximum", 0)
	if err != nil {
		return nil, err
	}
	if most < least {
		return nil, optionError(o, "maximum", codeBadValue, "the maximum %d is less than the minimum %d", most, least)
	}
	old, err := strconv.Atoi(recordedOption(o, o.Name(), "value"))
	if err != nil || old < least || old > most {
		old = least + randomBelow(most-least+1)
	}
	o.Set("value", strconv.Itoa(old))
	return nothing{}, nil
}

// randomBelow returns a number from 0 to n-1.
func randomBelow(n int) int {
	i, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		panic(err) // crypto/rand never fails
	}
	return int(i.Int64())
}

func randomTimeSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"random-time", "slapos.cookbook:random.time"},
		Doc: `Chooses a time of the day at random, so that not all machines do the same at once.

An installed part keeps its time.`,
		Options: []parts.OptionSpec{{Name: "time", Doc: "The time, HOUR:MINUTE: chosen when it is not given."}},
		Recipe:  randomTimeRecipe{},
	}
}

type randomTimeRecipe struct{}

// Prepare chooses the time. SPEC-recipes 13.2.
func (randomTimeRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	if _, _, given := o.Lookup("time"); given {
		return nothing{}, nil
	}
	time := recordedOption(o, o.Name(), "time")
	if time == "" {
		time = fmt.Sprintf("%d:%02d", randomBelow(24), randomBelow(60))
	}
	o.Set("time", time)
	return nothing{}, nil
}

func randomMacSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"random-mac", "slapos.cookbook:generate.mac"},
		Doc:   "Chooses a locally administered MAC address at random and keeps it in a file.",
		Options: []parts.OptionSpec{
			{Name: "storage-path", Required: true, Doc: "The file. What stands in it is taken."},
			{Name: "mac-address", Doc: "The address: chosen when it is not given."},
		},
		Recipe: randomMacRecipe{},
	}
}

type randomMacRecipe struct{}

// Prepare reads or chooses the address. SPEC-recipes 13.2.
func (randomMacRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	path, err := requirePath(o, "storage-path")
	if err != nil {
		return nil, err
	}
	mac := optionText(o, "mac-address")
	if mac == "" {
		stored, err := os.ReadFile(inBuildout(ctx, o, path))
		if err != nil && !os.IsNotExist(err) {
			return nil, optionPlace(o, "storage-path").wrap(err)
		}
		if mac = string(stored); mac == "" {
			mac = randomMac()
		}
		o.Set("mac-address", mac)
	}
	return storedAction{optionPlace(o, "storage-path"), path, mac}, nil
}

func randomMac() string {
	octets := []string{"fe"}
	for range 5 {
		octets = append(octets, fmt.Sprintf("%02x", randomBelow(256)))
	}
	return strings.Join(octets, ":")
}

// storedAction keeps a text that was chosen in a file.
type storedAction struct {
	at         place
	path, text string
}

// Run writes the file.
func (a storedAction) Run(_ context.Context, w *parts.Work) error {
	w.Own(a.path)
	return a.at.wrap(placeFile(workPath(w, a.path), []byte(a.text), umasked(w, 0o666)))
}

func uuidSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"uuid", "slapos.cookbook:uuid"},
		Doc: `Chooses a UUID at random and keeps it in a file, which is not removed with the part.

A file with something else in it is overwritten.`,
		Options: []parts.OptionSpec{
			{Name: "cache-file", Required: true, Doc: "The file. A UUID in it is taken."},
			{Name: "uuid", Computed: true, Doc: "The UUID: 32 hexadecimal digits."},
		},
		Recipe: uuidRecipe{},
	}
}

type uuidRecipe struct{}

// uuidAction keeps the UUID.
type uuidAction storedAction

// Prepare reads or chooses the UUID. SPEC-recipes 13.2.
func (uuidRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	path, err := requirePath(o, "cache-file")
	if err != nil {
		return nil, err
	}
	stored, err := os.ReadFile(inBuildout(ctx, o, path))
	if err != nil && !os.IsNotExist(err) {
		return nil, optionPlace(o, "cache-file").wrap(err)
	}
	id, ok := readUUID(string(stored))
	if !ok {
		if id = recordedOption(o, o.Name(), "uuid"); id == "" {
			id = randomUUID()
		}
	}
	o.Set("uuid", id)
	return uuidAction{optionPlace(o, "cache-file"), path, id}, nil
}

// readUUID reads the forms that Python's uuid.UUID(hex=…) reads.
func readUUID(text string) (string, bool) {
	text = strings.NewReplacer("urn:", "", "uuid:", "").Replace(text)
	text = strings.ToLower(strings.ReplaceAll(strings.Trim(text, "{}"), "-", ""))
	digits, err := hex.DecodeString(text)
	return text, err == nil && len(digits) == 16
}

// randomUUID is a UUID of version 4 (RFC 9562).
func randomUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return hex.EncodeToString(b[:])
}

// Run writes the file, unless it has the UUID already.
func (a uuidAction) Run(_ context.Context, w *parts.Work) error {
	stored, err := os.ReadFile(workPath(w, a.path))
	if id, ok := readUUID(string(stored)); err == nil && ok && id == a.text {
		return nil
	}
	return a.at.wrap(placeFile(workPath(w, a.path), []byte(a.text), umasked(w, 0o666)))
}

// Update writes the file when it is gone.
func (a uuidAction) Update(ctx context.Context, w *parts.Work) error { return a.Run(ctx, w) }
