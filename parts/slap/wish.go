package slap

import "context"

// Wish is what the user of a local store asks a partition to be.
type Wish struct {
	Software   string // directory or URL
	State      string // "" is Started
	Parameters map[string]any
	Secret     []string // names of parameters
}

// Wish reads parameters.json of the partition. One that is not there asks for
// nothing.
func (s *Store) Wish() (Wish, error) {
	w, _, err := s.wish(s.ID)
	if err != nil {
		return Wish{}, err
	}
	object, _ := values(w.Parameters, w.Serialised, nil).Unwrapped().(map[string]any)
	return Wish{w.SoftwareURL, or(w.State, Started), object, w.Secret}, nil
}

// SetWish writes parameters.json of the partition. What a Wish does not speak of,
// such as addresses, stays.
func (s *Store) SetWish(ctx context.Context, wish Wish) error {
	return s.locked(ctx, func() error {
		w, _, err := s.wish(s.ID)
		if err != nil {
			return err
		}
		w.Version, w.SoftwareURL, w.State, w.Secret = version, wish.Software, wish.State, wish.Secret
		if w.Serialised != nil {
			w.Serialised = wish.Parameters
		} else {
			w.Parameters = wish.Parameters
		}
		return s.write(s.path(s.ID, "parameters.json"), w)
	})
}
