package importer_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/catalog/importer"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
)

const good = `{"title":"Good","year":1999}`

func TestHostileLines(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	for name, c := range map[string]struct {
		line     string
		problems []string
	}{
		"not JSON":               {`{"title":`, []string{"2:9: Is not JSON: unexpected end of JSON input."}},
		"an escape sequence":     {"\x1b[2J", []string{`2:1: Is not JSON: invalid character '\x1b' looking for beginning of value.`}},
		"not an object":          {`["title"]`, []string{"2:1: Must be a JSON object."}},
		"two objects":            {good + good, []string{"2:29: Is not JSON: invalid character '{' after top-level value."}},
		"a NUL":                  {"{\"title\":\"a\x00\"}", []string{`2:12: Is not JSON: invalid character '\x00' in string literal.`}},
		"invalid UTF-8":          {"{\"title\":\"caf\xe9\"}", []string{"2:14: Is not UTF-8 here."}},
		"deep":                   {strings.Repeat("[", 100_000), []string{"2: Is nested more than 16 levels deep."}},
		"long":                   {`{"title":"` + strings.Repeat("x", 1<<20) + `"}`, []string{"2: Is longer than 1048576 bytes."}},
		"as long as can be":      {`{"title":"` + strings.Repeat("x", 1<<20-12) + `"}`, []string{"2: year: Is required.", "2: title: Has at most 500 characters."}},
		"a field twice":          {`{"title":"a","year":1,"title":"b"}`, []string{"2: title: Is there twice."}},
		"a field twice within":   {`{"title":"a","year":1999,"credits":[{"name":"a"},{"name":"a","name":"b"}]}`, []string{"2: credits[1].name: Is there twice."}},
		"unknown fields":         {`{"title":"a","year":1999,"Genres":[],"\u001b[31m":1,"credits":[{"name":"a","age":3}]}`, []string{"2: Genres: There is no such field.", `2: "\x1b[31m": There is no such field.`, "2: credits.age: There is no such field."}},
		"wrong types":            {`{"title":1,"year":"1999","genres":"a","cast":[1],"popularity":"x","credits":[{"name":[]}],"aliases":{}}`, []string{"2: title: Must be text.", "2: year: Must be a whole number.", "2: genres: Must be a list.", "2: cast: Must be text.", "2: popularity: Must be a number.", "2: credits.name: Must be text.", "2: aliases: Must be a list."}},
		"numbers out of range":   {`{"title":"a","year":99999999999999999999,"runtime_minutes":-1,"popularity":100.5}`, []string{"2: year: Must be a whole number.", "2: runtime_minutes: Must be from 0 to 1440.", "2: popularity: Must be from 0 to 100."}},
		"controls":               {`{"title":"a\u0000b","year":1999,"cast":["a\tb"],"original_title":"\u202Eevil","synopsis":"fine\nfine\u0007","aliases":["\u200b"]}`, []string{"2: title: Has characters that are not text: controls, or marks that turn its direction around.", "2: original_title: Has characters that are not text: controls, or marks that turn its direction around.", "2: aliases[0]: Has nothing that can be seen.", "2: cast[0]: Has characters that are not text: controls, or marks that turn its direction around.", "2: synopsis: Has characters that are not text: controls, or marks that turn its direction around."}},
		"half a character":       {`{"title":"\ud800","year":1999}`, []string{"2: title: Has U+FFFD, which stands where a character was lost."}},
		"nothing to see":         {`{"title":"  ","year":1999,"slug":"UPPER CASE"}`, []string{"2: slug: Use at most 80 small letters, digits and single hyphens, for example the-red-shoes.", "2: title: Must not be empty."}},
		"an id as slug":          {`{"title":"a","year":1999,"slug":"123e4567-e89b-12d3-a456-426614174000"}`, []string{"2: slug: Use at most 80 small letters, digits and single hyphens, for example the-red-shoes."}},
		"bad dates and tongues":  {`{"title":"a","year":1999,"release_date":"1999-02-30","languages":["klingonese!","en"]}`, []string{"2: release_date: Write a day as YYYY-MM-DD, for example 2026-03-29.", "2: languages[0]: Write a language tag of BCP 47, for example hi or zh-Hant."}},
		"cast and credits":       {`{"title":"a","year":1999,"cast":["a"],"credits":[{"name":"b"}]}`, []string{"2: cast: Give either cast or credits."}},
		"an http poster":         {`{"title":"a","year":1999,"poster_url":"http://example.com/x"}`, []string{"2: poster_url: Must begin with https://."}},
		"a poster with a login":  {`{"title":"a","year":1999,"poster_url":"https://a:b@example.com/"}`, []string{"2: poster_url: Must not contain a user name or password."}},
		"a script for a trailer": {`{"title":"a","year":1999,"trailer_url":"javascript:alert(1)"}`, []string{"2: trailer_url: Is not a web address, for example https://images.example/poster.jpg."}},
		"a file for a trailer":   {`{"title":"a","year":1999,"trailer_url":"https:///etc/passwd"}`, []string{"2: trailer_url: Has no valid host."}},
		"a poster inside":        {`{"title":"a","year":1999,"poster_url":"https://0x7f.1/x"}`, []string{"2: poster_url: Write the host as a name."}},
		"metadata for a poster":  {`{"title":"a","year":1999,"poster_url":"https://169.254.169.254/x"}`, []string{"2: poster_url: Leads to an address that is not on the public internet."}},
	} {
		t.Run(name, func(t *testing.T) {
			content := "\ufeff" + good + "\r\n" + c.line + "\r\n\r\n" + `{"title":"Also good","year":1999}`
			r := load(t, db, content, importer.Options{Kind: importer.Movies, DryRun: true})
			assert.Equal(t, c.problems, r.problems)
			assert.Equal(t, importer.Summary{Added: 2, Refused: 1}, r.Summary, "its neighbors go on")
		})
	}
}

// Text that some programs take for code is only text here, and stays as it is.
func TestMarkupInTitlesIsText(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	titles := []string{`=HYPERLINK("http://evil.example")`, `<script>alert(1)</script>`, `'; DROP TABLE movies; --`, `\copy movies`, `\N`, `{"a":1}`}
	var lines []string
	for _, title := range titles {
		line, err := json.Marshal(map[string]any{"title": title, "year": 1999, "genres": []string{title, `a,b`, `{c}`, `NULL`}})
		require.NoError(t, err)
		lines = append(lines, string(line))
	}
	content, o := movies(lines...)
	r := load(t, db, content, o)
	require.Empty(t, r.problems)
	assert.ElementsMatch(t, titles, query[[]string](t, db, `SELECT array_agg(title) FROM movies`))
	assert.Equal(t, []string{`\N`, `a,b`, `{c}`, `NULL`}, query[[]string](t, db, `SELECT genres FROM movies WHERE title = '\N'`))
}

func TestHostileFiles(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	for name, c := range map[string]struct {
		content  string
		format   importer.Format
		err      string
		sum      importer.Summary
		problems []string
	}{
		"empty":            {"", importer.JSONLines, "", importer.Summary{}, nil},
		"empty CSV":        {"", importer.CSV, "", importer.Summary{}, nil},
		"only blank lines": {"\n\r\n  \n", importer.JSONLines, "", importer.Summary{}, nil},
		"UTF-16":           {"\xff\xfe{\x00", importer.JSONLines, "UTF-16", importer.Summary{}, nil},
		"UTF-16 CSV":       {"\xfe\xff\x00t", importer.CSV, "UTF-16", importer.Summary{}, nil},
		"no end of line":   {good, importer.JSONLines, "", importer.Summary{Added: 1}, nil},
		"old Mac lines":    {"{\"title\":\"a\",\"year\":1999}\r{\"title\":\"b\",\"year\":1999}", importer.JSONLines, "", importer.Summary{Refused: 1}, []string{"1:27: Is not JSON: invalid character '{' after top-level value."}},
		"unknown column": {"title,jahr,year\na,1,1\n", importer.CSV, "header", importer.Summary{}, []string{
			"1:2: jahr: There is no such column. Choose from aliases, cast, certificate, genres, languages, original_title, popularity, poster_url, release_date, runtime_minutes, slug, synopsis, title, trailer_url, year. The columns were split at commas; commas, semicolons and tabs are understood."}},
		"semicolons":          {"title;year;genres\na;1999;Drama|Comedy\n", importer.CSV, "", importer.Summary{Added: 1}, nil},
		"tabs":                {"\"title\"\t year \r\n\"a;b, c\"\t1999\r\n", importer.CSV, "", importer.Summary{Added: 1}, nil},
		"a said separator":    {"\ufeffsep=;\r\ntitle;year\r\na;1999\r\nb;x\r\n\"c;1999", importer.CSV, "", importer.Summary{Added: 1, Refused: 2}, []string{"4:2: year: Must be a whole number.", `5: Is not CSV: extraneous or missing " in quoted-field at line 5, byte 8.`}},
		"said, and filled up": {"\"SEP=\t\"\t\t\ntitle\tyear\t\na\t1999\t\n", importer.CSV, "", importer.Summary{Added: 1}, nil},
		"another said":        {"sep=|\ntitle|year\n", importer.CSV, `the first line says that "|" separates the columns. Use a comma, a semicolon or a tab`, importer.Summary{}, nil},
		"no known separator": {"title|year\na|1999\n", importer.CSV, "header", importer.Summary{}, []string{
			"1:1: title|year: There is no such column. Choose from aliases, cast, certificate, genres, languages, original_title, popularity, poster_url, release_date, runtime_minutes, slug, synopsis, title, trailer_url, year. The columns were split at commas; commas, semicolons and tabs are understood."}},
		"semicolons, unknown": {"title;jahr\na;1999\n", importer.CSV, "header", importer.Summary{}, []string{
			"1:2: jahr: There is no such column. Choose from aliases, cast, certificate, genres, languages, original_title, popularity, poster_url, release_date, runtime_minutes, slug, synopsis, title, trailer_url, year. The columns were split at semicolons; commas, semicolons and tabs are understood."}},
		"empty at the end":     {"title,year,,,\na,1999,,,\nb,1999\nc,1999,,x,\n", importer.CSV, "", importer.Summary{Added: 2, Refused: 1}, []string{"4: Has 4 cells, and the header has 2."}},
		"no name":              {"title,,year\na,,1999\n", importer.CSV, "header", importer.Summary{}, []string{"1:2: This column has no name. Name it, or take it out."}},
		"column twice":         {"title,year,TITLE\n", importer.CSV, "header", importer.Summary{}, []string{"1:3: title: Is there twice."}},
		"cells":                {"title,year\na,1999,x\nb,1999\nc\n", importer.CSV, "", importer.Summary{Added: 1, Refused: 2}, []string{"2: Has 3 cells, and the header has 2.", "4: Has 1 cells, and the header has 2."}},
		"cells that are wrong": {"title,year,popularity\na\x00,x,1e999\n\xff,1999.5,-1\n", importer.CSV, "", importer.Summary{Refused: 2}, []string{"2:2: year: Must be a whole number.", "2:3: popularity: Must be a number.", "2:1: title: Has characters that are not text: controls, or marks that turn its direction around.", "3:1: title: Is not UTF-8."}},
		"quotation marks":      {"title,year\n\"a\"b,1999\nc\"d,1999\ne,1999\n\"f,1999\ng,1999\n", importer.CSV, "", importer.Summary{Added: 1, Refused: 3}, []string{`2: Is not CSV: extraneous or missing " in quoted-field at line 2, byte 3.`, `3: Is not CSV: bare " in non-quoted-field at line 3, byte 2.`, `5: Is not CSV: extraneous or missing " in quoted-field at line 6, byte 8.`}},
		"an endless row":       {"title,year\na,1999\n\"" + strings.Repeat("x\n", 1<<20), importer.CSV, "is a quotation mark not closed?", importer.Summary{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := tryLoad(t.Context(), db, c.content, importer.Options{Kind: importer.Movies, Format: c.format, DryRun: true})
			if c.err == "" {
				assert.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, c.err)
			}
			assert.Equal(t, c.sum, r.Summary)
			assert.Equal(t, c.problems, r.problems)
		})
	}
}

// A spreadsheet must not run a field name of the file as a formula.
func TestFault62_ErrorFileHasNoFormulas(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	file, err := importer.NewErrorFile(&out, importer.CSV, "=evil.csv")
	require.NoError(t, err)
	for _, field := range []string{"=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "\ttab", "\rreturn", "＝1", "fine", ""} {
		require.NoError(t, file.Write(importer.Problem{Line: 7, Column: 2, Field: field, Message: field, Note: field == "fine"}))
	}
	rows, err := csv.NewReader(&out).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 10)
	assert.Equal(t, []string{"file", "line", "column", "kind", "field", "message"}, rows[0])
	for _, row := range rows[1:] {
		assert.Equal(t, "'=evil.csv", row[0])
		for _, cell := range row {
			assert.NotRegexp(t, "^[=+\\-@\t\r＝＋－＠]", cell)
		}
	}
	assert.Equal(t, []string{"'=evil.csv", "7", "2", "error", "'=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"}, rows[1])
	assert.Equal(t, []string{"'=evil.csv", "7", "2", "note", "fine", "fine"}, rows[8])
}

func TestErrorFileOfJSONLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	file, err := importer.NewErrorFile(&out, importer.JSONLines, "a.jsonl")
	require.NoError(t, err)
	require.NoError(t, file.Write(importer.Problem{Line: 7, Column: 2, Message: "x\n<y>"}))
	require.NoError(t, file.Write(importer.Problem{Line: 8, Field: "title", Message: "z", Note: true}))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 2)
	assert.JSONEq(t, `{"file":"a.jsonl","line":7,"column":2,"kind":"error","message":"x\n<y>"}`, lines[0])
	assert.JSONEq(t, `{"file":"a.jsonl","line":8,"kind":"note","field":"title","message":"z"}`, lines[1])
}
