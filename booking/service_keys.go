package booking

import "slices"

// KeyScope is something that a service key of a partner may be given. The policy of the API
// says which operations each one opens.
type KeyScope string

// The scopes. All of them only read what everyone may read.
const (
	ScopeCatalog KeyScope = "catalog:read"
	ScopeShows   KeyScope = "shows:read"
	ScopeSearch  KeyScope = "search:read"
)

// KeyScopes lists all of them.
func KeyScopes() []KeyScope { return []KeyScope{ScopeCatalog, ScopeShows, ScopeSearch} }

// Known tells whether there is such a scope.
func (s KeyScope) Known() bool { return slices.Contains(KeyScopes(), s) }
