package documents

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// MostModel is how large a model may be, in bytes.
const MostModel = 256 << 20

// PartSize is how much of a model is one document, in bytes. A document of MongoDB has 16 MB
// at most.
const PartSize = 4 << 20

// Model is a version of a model, as its own service wrote it.
type Model struct {
	Name    string
	Version string
	MadeAt  time.Time
	// Notes are for people: figures of its evaluation, for example.
	Notes   map[string]string
	Content []byte
}

// InUse says which versions of a model are in use.
type InUse struct {
	Current string
	// Previous is the version that was in use before it; empty for none. Swap brings it back.
	Previous string
	Since    time.Time
}

// CheckSwap is for stores. Code: validation_failed.
func CheckSwap(from, to string) error {
	if to == "" || from == to {
		return booking.Invalid(booking.FieldError{Field: "to", Message: "Name a version that is not in use."})
	}
	return nil
}

// Swapped is for stores, when from was not in use: the first try of this swap may have done
// it, without its answer reaching us. Code: conflict.
func Swapped(used InUse, name, from, to string) error {
	if used.Current == to && used.Previous == from {
		return nil
	}
	return Conflict("Another version of the model %q is in use meanwhile. Read which, then decide again.", name)
}

// Check finds what a store would not take. Code: validation_failed.
func (m Model) Check() error {
	var wrong problems
	wrong.word("name", m.Name)
	if m.Version == "" {
		wrong.Add("version", "Give the version a name.")
	}
	wrong.text("version", m.Version, 100)
	wrong.time("made_at", m.MadeAt)
	wrong.details("notes", m.Notes)
	wrong.number("content", len(m.Content), MostModel)
	return wrong.Err()
}

// Sum tells contents apart.
func (m Model) Sum() string {
	sum := sha256.Sum256(m.Content)
	return hex.EncodeToString(sum[:])
}

// Parts cuts the content into documents. The last may be shorter.
func (m Model) Parts() [][]byte {
	var parts [][]byte
	for rest := m.Content; len(rest) > 0; {
		size := min(len(rest), PartSize)
		parts = append(parts, rest[:size])
		rest = rest[size:]
	}
	return parts
}

// errTorn means that parts were lost or changed below us.
var errTorn = errors.New("documents: the content of the model is not what was stored")

// CheckSum is for stores: it compares what was read with what was stored.
func (m Model) CheckSum(sum string) error {
	if m.Sum() != sum {
		return errTorn
	}
	return nil
}

// NoModel is for stores. Code: not_found.
func NoModel(name, version string) error {
	return booking.E(booking.CodeNotFound, "There is no version %q of the model %q.", version, name)
}
