package boxoffice_test

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	scenarios  = 66
	invariants = 13
)

// TestFaultsAreListedWithTheirTests checks docs/faults.md: all scenarios are there,
// the tests that it names exist, and no scenario is "not yet" that has a test with
// its number.
func TestFaultsAreListedWithTheirTests(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("docs/faults.md")
	require.NoError(t, err)
	page, existing := string(content), tests(t)
	assert.Contains(t, existing, "TestTheJudgeFindsWhatIsWrong")
	for i := range invariants {
		assert.Contains(t, page, fmt.Sprintf("\n| I%d | ", i+1))
	}

	named := map[int][]string{}
	for _, row := range regexp.MustCompile(`(?m)^\| (\d+) \|.*\| (.+) \|$`).FindAllStringSubmatch(page, -1) {
		number, err := strconv.Atoi(row[1])
		require.NoError(t, err)
		require.NotContains(t, named, number, "listed twice")
		named[number] = nil
		if row[2] == "not yet" {
			continue
		}
		for _, test := range strings.Split(row[2], ", ") {
			name := strings.Trim(test, "`")
			named[number] = append(named[number], name)
			assert.Contains(t, existing, name, "scenario %d", number)
		}
	}
	for number := range scenarios {
		assert.Contains(t, named, number+1, "not listed")
	}
	assert.Len(t, named, scenarios)

	byNumber := regexp.MustCompile(`^Test(?:Fault|Scenario)0?(\d+)_?[A-Z]`)
	for _, test := range existing {
		if match := byNumber.FindStringSubmatch(test); match != nil {
			number, err := strconv.Atoi(match[1])
			require.NoError(t, err)
			assert.NotEmpty(t, named[number], "%s is a test of scenario %d, which docs/faults.md calls not yet", test, number)
		}
	}
}
