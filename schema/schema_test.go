package schema_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	bunschema "github.com/uptrace/bun/schema"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
	"github.com/boxoffice/boxoffice/schema"
)

func TestMain(m *testing.M) { databasetest.Main(m) }

var models = []any{
	schema.City{}, schema.Movie{}, schema.Theater{}, schema.Screen{}, schema.Layout{}, schema.Show{},
	schema.Account{}, schema.Session{}, schema.Booking{}, schema.SeatClaim{},
	schema.TheaterManager{}, schema.DoorTheater{}, schema.PriceCard{}, schema.AuditEntry{}, schema.PushSubscription{},
	schema.SessionDevice{}, schema.Suspension{}, schema.SessionSuccessor{}, schema.SecurityEvent{},
	schema.Proof{}, schema.ProvenAddress{}, schema.Letter{}, schema.EmailChange{}, schema.SessionConfirmation{}, schema.Preferences{},
	schema.UnwantedMessage{}, schema.Guest{}, schema.ClaimedBooking{},
}

// column is what the database says about one.
type column struct {
	Table    string `bun:"table_name"`
	Name     string `bun:"column_name"`
	Type     string `bun:"udt_name"`
	Nullable bool   `bun:"nullable"`
	Key      bool   `bun:"key"`
	Comments int    `bun:"comments"` // of the column and of its table
}

func TestEveryTableHasAModelOrComments(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	var columns []column
	require.NoError(t, db.Bun.NewRaw(`
		SELECT c.table_name, c.column_name, c.udt_name, c.is_nullable = 'YES' AS nullable,
			EXISTS (SELECT FROM information_schema.key_column_usage k
				JOIN information_schema.table_constraints tc USING (constraint_schema, constraint_name, table_name)
				WHERE tc.constraint_type = 'PRIMARY KEY' AND k.table_schema = c.table_schema
					AND k.table_name = c.table_name AND k.column_name = c.column_name) AS key,
			num_nonnulls(obj_description(c.table_name::regclass), col_description(c.table_name::regclass, c.ordinal_position)) AS comments
		FROM information_schema.columns c
		WHERE c.table_schema = 'public' AND c.table_name NOT LIKE 'bun\_%' AND c.table_name <> 'schema_functions' AND c.is_generated = 'NEVER'
		ORDER BY c.table_name, c.ordinal_position`).Scan(t.Context(), &columns))

	inDatabase := map[string]map[string]column{}
	for _, c := range columns {
		if inDatabase[c.Table] == nil {
			inDatabase[c.Table] = map[string]column{}
		}
		inDatabase[c.Table][c.Name] = c
	}

	for _, model := range models {
		table := db.Bun.Table(reflect.TypeOf(model))
		have := inDatabase[table.Name]
		delete(inDatabase, table.Name)
		for _, f := range table.Fields {
			c, found := have[f.Name]
			delete(have, f.Name)
			if assert.True(t, found, "%s.%s is not in the database", table.Name, f.Name) {
				assert.True(t, fits(f, c), "%s.%s is %s in the database and %s in Go", table.Name, f.Name, c.Type, f.IndirectType)
				assert.Equal(t, c.Nullable, nullable(f), "%s.%s: null in the database, a pointer in Go", table.Name, f.Name)
				assert.Equal(t, c.Key, f.IsPK, "%s.%s: primary key", table.Name, f.Name)
			}
		}
		assert.Empty(t, have, "columns of %s that the model lacks", table.Name)
	}
	for table, columns := range inDatabase {
		for _, c := range columns {
			assert.Equal(t, 2, c.Comments, "%s.%s: neither a model nor comments (of the table and the column) say what it means", table, c.Name)
		}
	}
}

func TestModelsComeBackAsTheyWent(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	at := time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC)
	day := time.Date(2026, 3, 29, 0, 0, 0, 0, time.UTC)
	city := &schema.City{ID: uuid.New(), Slug: "pune", Name: "Pune", Country: "IN", TimeZone: "Asia/Kolkata", Currency: "INR", Lat: 18.5, Lon: 73.8}
	movie := &schema.Movie{ID: uuid.New(), Slug: "a", Title: `It's "A"?`, Year: 2026, ReleaseDate: &day, RuntimeMinutes: 100,
		Aliases: []string{}, Genres: []string{"Drama", `a,"b"`}, Languages: []string{"hi"}, Credits: []schema.Credit{{Name: "N", Role: "R", Job: "actor"}}}
	theater := &schema.Theater{ID: uuid.New(), Slug: "t", CityID: city.ID, Name: "T", TimeZone: "Asia/Kolkata", Currency: "INR", Amenities: []string{"cafe"}, Accessibility: []string{"hearing_loop"}}
	screen := &schema.Screen{ID: uuid.New(), TheaterID: theater.ID, Name: "1"}
	layout := &schema.Layout{ID: uuid.New(), ScreenID: screen.ID, Version: 1, Capacity: 1,
		Layout: booking.Layout{Rows: []booking.Row{{Label: "A", Category: "gold", Seats: []booking.Seat{{ID: "A1", X: 1.5, Type: booking.SeatStandard}}}}}}
	show := &schema.Show{ID: uuid.New(), MovieID: movie.ID, TheaterID: theater.ID, ScreenID: screen.ID, LayoutID: layout.ID,
		StartsAt: at, EndsAt: at.Add(time.Hour), Format: "2D", Language: "hi", SalesOpenAt: at.Add(-time.Hour), SalesCloseAt: at,
		Currency: "INR", Prices: map[string]int64{"gold": 25000}}
	account := &schema.Account{ID: uuid.New(), Email: "a@b.example", PasswordHash: "x", Name: "A"}
	held := &schema.Booking{ID: uuid.New(), CustomerID: account.ID, ShowID: show.ID, Status: booking.StatusHeld, Seats: []string{"A1"}, Currency: "INR", HoldExpiresAt: at,
		Refunds: &booking.CancellationPolicy{{Until: time.Hour, Percent: 80}}}
	claim := &schema.SeatClaim{ShowID: show.ID, Seat: "A1", BookingID: held.ID, State: "held",
		HeldUntil: pgtype.Timestamptz{InfinityModifier: pgtype.Infinity, Valid: true}}
	sold := &schema.SeatClaim{ShowID: show.ID, Seat: "A2", BookingID: held.ID, State: "sold"}

	browser := &schema.PushSubscription{ID: uuid.New(), AccountID: account.ID, Endpoint: "https://push.example/1",
		P256DH: bytes.Repeat([]byte{4}, 65), Auth: bytes.Repeat([]byte{5}, 16), Language: "en-IN", LastSeenAt: at}

	for _, row := range []any{city, movie, theater, screen, layout, show, account, held, claim, sold, browser} {
		_, err := db.Bun.NewInsert().Model(row).Exec(t.Context())
		require.NoError(t, err, "%T", row)
		back := reflect.New(reflect.TypeOf(row).Elem()).Interface()
		reflect.ValueOf(back).Elem().Set(reflect.ValueOf(row).Elem()) // for the key
		require.NoError(t, db.Bun.NewSelect().Model(back).WherePK().Scan(t.Context()), "%T", row)
		assert.Equal(t, withoutDefaults(row), withoutDefaults(back))
	}
}

// withoutDefaults blanks what the database filled in.
func withoutDefaults(row any) any {
	value := reflect.ValueOf(row).Elem()
	for _, name := range []string{"CreatedAt", "UpdatedAt", "Role", "Status", "TermsVersion", "CleanAt", "BaseModel"} {
		if f := value.FieldByName(name); f.IsValid() {
			f.SetZero()
		}
	}
	return row
}

func fits(f *bunschema.Field, c column) bool {
	goTypes := map[string][]string{
		"uuid": {"UUID"}, "text": {"string"}, "float8": {"float64"}, "int4": {"int"}, "int8": {"int64"},
		"timestamptz": {"Time", "Timestamptz"}, "bool": {"bool"}, "date": {"Time"}, "bytea": {"[]uint8"}, "_text": {"[]string"},
	}
	if c.Type == "jsonb" {
		return f.UserSQLType == "jsonb"
	}
	for _, name := range goTypes[c.Type] {
		if f.IndirectType.Name() == name || f.IndirectType.String() == name || f.IndirectType.Kind().String() == name {
			return true
		}
	}
	return false
}

func nullable(f *bunschema.Field) bool {
	return f.StructField.Type.Kind() == reflect.Pointer || f.IndirectType.Name() == "Timestamptz"
}

func TestEveryFieldSaysWhatItMeans(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	fields := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		require.NoError(t, err)
		ast.Inspect(file, func(node ast.Node) bool {
			spec, ok := node.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if structure, ok := spec.Type.(*ast.StructType); ok {
				for _, f := range structure.Fields.List {
					if len(f.Names) == 0 { // bun.BaseModel
						continue
					}
					fields++
					assert.True(t, strings.HasPrefix(f.Doc.Text(), f.Names[0].Name+" "), "%s.%s has no comment that begins with its name", spec.Name.Name, f.Names[0].Name)
				}
			}
			return true
		})
	}
	assert.Greater(t, fields, 80)
}
