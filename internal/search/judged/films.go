package judged

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Film is a line of the open list of films.
type Film struct {
	Title  string   `json:"title"`
	Year   int      `json:"year"`
	Genres []string `json:"genres"`
	Cast   []string `json:"cast"`
}

// ErrNoFilms says that the list is not on this machine.
var ErrNoFilms = errors.New("no list of films: set BOXOFFICE_FILMS to films.jsonl")

// Films reads the list named by BOXOFFICE_FILMS, or that in shared/data beside a
// parent of the working directory. Callers share it: read it only.
var Films = sync.OnceValues(func() ([]Film, error) {
	path := find("BOXOFFICE_FILMS", "films/films.jsonl")
	if path == "" {
		return nil, ErrNoFilms
	}
	return ReadFilms(path)
})

// ReadFilms reads a list of films, one JSON object a line.
func ReadFilms(path string) ([]Film, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var list []Film
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var f Film
		if err := json.Unmarshal(lines.Bytes(), &f); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, len(list)+1, err)
		}
		list = append(list, f)
	}
	return list, lines.Err()
}

func find(variable, data string) string {
	if path := os.Getenv(variable); path != "" {
		return path
	}
	dir, err := os.Getwd()
	for ; err == nil && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		path := filepath.Join(dir, "shared", "data", data)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

// Grow makes n films: the real ones, then titles whose words are drawn from the
// real ones in the lengths of the real ones, with a fixed seed.
func Grow(list []Film, n int) []Film {
	random := rand.New(rand.NewPCG(7, uint64(n)))
	var words []string
	for _, f := range list {
		words = append(words, strings.Fields(f.Title)...)
	}
	out := append([]Film(nil), list...)
	for len(out) < n {
		model := list[random.IntN(len(list))]
		title := make([]string, max(2, len(strings.Fields(model.Title))))
		for i := range title {
			title[i] = words[random.IntN(len(words))]
		}
		out = append(out, Film{Title: strings.Join(title, " "), Year: model.Year, Genres: model.Genres, Cast: model.Cast})
	}
	return out[:n]
}

// fold is a title as a judge compares it: words in lower case without accents
// and signs, "&" spelled out.
func fold(title string) string {
	var out strings.Builder
	space := false
	for _, r := range norm.NFKD.String(strings.ReplaceAll(title, "&", " and ")) {
		switch {
		case unicode.Is(unicode.Mn, r) || strings.ContainsRune("'’‘ʻ`", r):
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if space && out.Len() > 0 {
				out.WriteByte(' ')
			}
			space = false
			out.WriteRune(unicode.ToLower(r))
		default:
			space = true
		}
	}
	return out.String()
}

// bare is a folded title without the article that people leave out.
func bare(folded string) string {
	for _, article := range []string{"the ", "a ", "an "} {
		if rest, ok := strings.CutPrefix(folded, article); ok && rest != "" {
			return rest
		}
	}
	return folded
}
