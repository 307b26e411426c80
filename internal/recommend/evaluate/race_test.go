//go:build race

package evaluate

func init() { raced = true }
