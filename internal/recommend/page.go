package recommend

// Row is one of the lists of a page.
type Row struct {
	Name string
	List func(Request) List
}

// Page makes rows in the order of their importance. A film of one row is in none after it, so that a
// personal row, when it comes first, is what it adds.
func Page(r Request, rows ...Row) map[string]List {
	var shown []string
	page := make(map[string]List, len(rows))
	for _, row := range rows {
		narrow := r
		narrow.Filters = append(append([]Filter(nil), r.Filters...), NotThese(shown))
		list := row.List(narrow)
		for _, item := range list.Items {
			shown = append(shown, item.Film)
		}
		page[row.Name] = list
	}
	return page
}
