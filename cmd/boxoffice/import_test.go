package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/database"
)

// asCommand makes the test's program be boxoffice, with these arguments.
const asCommand = "BOXOFFICE_TEST_ARGUMENTS"

func init() {
	if arguments := os.Getenv(asCommand); arguments != "" {
		os.Args = append([]string{"boxoffice"}, strings.Split(arguments, "\n")...)
		main()
		os.Exit(0)
	}
}

// process is boxoffice as a process of its own.
func process(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), asCommand+"="+strings.Join(args, "\n"))
	return cmd
}

func fileOf(t *testing.T, name string, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	return path
}

func count(t *testing.T, databaseURL, table string) (n int) {
	t.Helper()
	db, err := database.Open(t.Context(), databaseURL)
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, db.Pool.QueryRow(t.Context(), `SELECT count(*) FROM `+table).Scan(&n))
	return n
}

func numberedFilms(n int) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf(`{"title":"Film %d","year":1999}`, i)
	}
	return lines
}

// From files to a show that can be found and booked.
func TestImportACity(t *testing.T) {
	databaseURL := environment(t)
	day := time.Now().AddDate(0, 0, 2).Format(time.DateOnly)
	theaters := fileOf(t, "theaters.csv",
		"slug,name,city,city_name,city_country,city_time_zone,city_currency,city_lat,city_lon,address,lat,lon,screen,rows,seats_per_row,categories",
		`old-mill,Old Mill,porto-novo,Porto Novo,PT,Europe/Lisbon,EUR,41.15,-8.61,"Travessa 1",41.2,-8.6,Sala 1,4,6,gold`)
	movies := fileOf(t, "movies.jsonl", `{"title":"The Lighthouse Keeper's Daughter","year":2021,"runtime_minutes":101,"cast":["Inês Quaresma"]}`)
	shows := fileOf(t, "shows.csv", "movie,theater,screen,starts,format,language,prices",
		"the-lighthouse-keepers-daughter,old-mill,Sala 1,"+day+" 18:30,2D,pt,gold:900")
	require.NoError(t, run(t.Context(), "import", "theaters", theaters))
	require.NoError(t, run(t.Context(), "import", "movies", movies))
	require.NoError(t, run(t.Context(), "import", "shows", shows))
	assert.Equal(t, 1, count(t, databaseURL, "shows"))

	address := freeAddress(t)
	t.Setenv("API_ADDR", address)
	stop := start(t, "api", "--services", "catalog,search")
	assert.Contains(t, awaitAnswer(t, "http://"+address+"/v1/search?q=lighthose+keeper&city=porto-novo"), `"slug":"the-lighthouse-keepers-daughter"`)
	assert.Contains(t, awaitAnswer(t, "http://"+address+"/v1/search?q=ines+quaresma"), `"slug":"the-lighthouse-keepers-daughter"`)

	// A running search follows what is imported.
	require.NoError(t, run(t.Context(), "import", "movies", fileOf(t, "more.jsonl", `{"title":"Zwetschgendatschi","year":2022}`)))
	require.Eventually(t, func() bool {
		answer, err := http.Get("http://" + address + "/v1/search?q=zwetschgendatsci")
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		return err == nil && bytes.Contains(body, []byte(`"slug":"zwetschgendatschi"`))
	}, 20*time.Second, 50*time.Millisecond)
	require.NoError(t, stop())
}

func TestImportSurvivesAKill(t *testing.T) {
	databaseURL := environment(t)
	const films = 3000
	file := fileOf(t, "films.jsonl", numberedFilms(films)...)

	cmd := process(t.Context(), "import", "movies", file, "--batch", "3")
	progress, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(progress).ReadString('\n')
	require.NoError(t, err)
	assert.Contains(t, line, "line 3: 3 added")
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	written := count(t, databaseURL, "movies")
	require.Less(t, written, films, "it was killed on its way")
	require.GreaterOrEqual(t, written, 3)

	output, err := process(t.Context(), "import", "movies", file).CombinedOutput()
	require.NoError(t, err, string(output))
	assert.Contains(t, string(output), "goes on after line ")
	assert.Contains(t, string(output), fmt.Sprintf("%d added, 0 changed, 0 unchanged, 0 repeated, 0 refused", films))
	assert.Equal(t, films, count(t, databaseURL, "movies"))
	assert.Equal(t, 1, count(t, databaseURL, "audit_log"))

	output, err = process(t.Context(), "import", "movies", file).CombinedOutput()
	require.NoError(t, err)
	assert.Contains(t, string(output), "already imported")
}

func TestImportSaysWhatIsWrong(t *testing.T) {
	databaseURL := environment(t)
	lines := append(numberedFilms(2), `{"title":"A","yaer":1999}`, `{"title":"=1+1"}`)
	errorsFile := filepath.Join(t.TempDir(), "errors.csv")
	cmd := process(t.Context(), "import", "movies", "-", "--max-errors", "1", "--errors", errorsFile)
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	var failed *exec.ExitError
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, 1, failed.ExitCode())
	assert.Contains(t, string(output), "stdin: 2 added, 0 changed, 0 unchanged, 0 repeated, 2 refused; 4 lines in ")
	assert.Contains(t, stderr.String(), "stdin:3: yaer: There is no such field.\n")
	assert.Contains(t, stderr.String(), "stdin: and 2 more problems")
	assert.NotContains(t, stderr.String(), "stdin:4")
	assert.Contains(t, stderr.String(), "2 lines were refused; the others are in")
	report, err := os.ReadFile(errorsFile)
	require.NoError(t, err)
	assert.Equal(t, "file,line,column,kind,field,message\nstdin,3,0,error,yaer,There is no such field.\nstdin,3,0,error,year,Is required.\nstdin,4,0,error,year,Is required.\n", string(report))
	assert.Equal(t, 2, count(t, databaseURL, "movies"))
}

func TestImportTriesAndRefuses(t *testing.T) {
	databaseURL := environment(t)
	good, bad := fileOf(t, "good.jsonl", numberedFilms(3)...), fileOf(t, "bad.jsonl", append(numberedFilms(3), "{}")...)
	require.NoError(t, run(t.Context(), "import", "movies", good, "--dry-run"))
	assert.ErrorContains(t, run(t.Context(), "import", "movies", bad, "--dry-run"), "1 lines would be refused")
	assert.ErrorContains(t, run(t.Context(), "import", "movies", bad, "--strict"), "nothing was written")
	assert.Zero(t, count(t, databaseURL, "movies"))
	assert.ErrorContains(t, run(t.Context(), "import", "movies", good, "--batch", "0"), "--batch")
	assert.ErrorContains(t, run(t.Context(), "import", "movies", t.TempDir()), "not a regular file")
	assert.ErrorContains(t, run(t.Context(), "import", "movies", "nowhere.jsonl"), "nowhere.jsonl")
	assert.ErrorContains(t, run(t.Context(), "import", "popcorn", good), "popcorn")
	assert.ErrorContains(t, run(t.Context(), "import", "movies", fileOf(t, "a.csv", "titel")), "header")
	assert.NoError(t, run(t.Context(), "import", "movies", fileOf(t, "a.txt", "title,year", "A,1999"), "--format", "csv"))
	assert.NoError(t, run(t.Context(), "import", "movies", good, "--strict"))
	assert.Equal(t, 4, count(t, databaseURL, "movies"))

	stopped, stop := context.WithCancel(t.Context())
	stop()
	assert.Error(t, run(stopped, "import", "movies", good))
	dropSchema(t, databaseURL)
	assert.ErrorContains(t, run(t.Context(), "import", "movies", good), "boxoffice migrate")
}

func TestImportDoesNotWriteErrorsOverTheFile(t *testing.T) {
	environment(t)
	path := fileOf(t, "films.jsonl", numberedFilms(3)...)
	require.ErrorContains(t, run(t.Context(), "import", "movies", path, "--errors", path), "write over the file")
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Contains(t, string(content), "Film 2")
}
