package recommendations

import (
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/boxoffice/boxoffice/internal/documents"
)

// oddModels are versions that no program can read.
type oddModels struct {
	documents.Models
	inUse string
	read  int
}

func (o *oddModels) InUse(context.Context, string) (documents.InUse, error) {
	return documents.InUse{Current: o.inUse}, nil
}

func (o *oddModels) Read(context.Context, string, string) (documents.Model, error) {
	o.read++
	return documents.Model{Content: []byte("of a newer program")}, nil
}

// A model that this program cannot read, such as one of a newer program, has up to 256 MB: it is read
// once, not twice a minute.
func TestAModelThatCannotBeUsedIsReadOnce(t *testing.T) {
	t.Parallel()
	store := &oddModels{inUse: "1"}
	m := &models{store: store, log: slog.New(slog.DiscardHandler)}
	for range 3 {
		m.look(t.Context())
	}
	assert.Equal(t, 1, store.read)
	store.inUse = "2"
	m.look(t.Context())
	assert.Equal(t, 2, store.read, "another one may be better")
	assert.Nil(t, m.now().current)
}
