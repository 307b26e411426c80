package catalog

const MaxReviewText = maxReviewText

type (
	MovieGroup = movieGroup
	Rating     = rating
	Show       = show
)

func SummaryOf(m Movie) any { return m.movieSummary }

func ShowOf(s ShowDetail) any { return s.show }
