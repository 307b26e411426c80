package recommendations_test

import (
	"testing"

	"github.com/boxoffice/boxoffice/internal/database/databasetest"
)

func TestMain(m *testing.M) { databasetest.Main(m) }
