// Package boxoffice is the root of a movie-ticket platform. It holds no code:
// README.md tells where things live, docs/ why they are so, and the test beside
// this file which package may import which.
package boxoffice
