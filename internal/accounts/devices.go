package accounts

import (
	"net/netip"
	"slices"

	"github.com/mileusna/useragent"

	"github.com/boxoffice/boxoffice/schema"
)

// Client is what a request says of the program that logs in.
type Client struct {
	// Address is where it is. It is not stored.
	Address netip.Addr
	// UserAgent is the header of that name. Only the families of browser and system are
	// stored.
	UserAgent string
	// Language is the header Accept-Language.
	Language string
}

// maxUserAgent is more than any browser sends.
const maxUserAgent = 512

// The names that are stored. The library answers with a word of the header where it knows
// no name, and what a client writes there is not for the owner's screen.
var (
	browsers = []string{useragent.Chrome, useragent.Edge, useragent.Firefox, useragent.InternetExplorer, useragent.Opera,
		useragent.OperaMini, useragent.OperaTouch, useragent.Safari, useragent.SamsungBrowser, useragent.Vivaldi}
	systems = []string{useragent.Android, useragent.ChromeOS, useragent.FreeBSD, useragent.Harmony, useragent.IOS,
		useragent.Linux, useragent.MacOS, useragent.Windows}
)

// deviceOf reads which browser on which system logs in.
func deviceOf(header string) (device schema.SessionDevice) {
	if len(header) > maxUserAgent {
		return device
	}
	agent := useragent.Parse(header)
	if agent.Name == useragent.HeadlessChrome {
		agent.Name = useragent.Chrome
	}
	if slices.Contains(browsers, agent.Name) {
		device.Browser = agent.Name
	}
	if slices.Contains(systems, agent.OS) {
		device.System = agent.OS
	}
	return device
}
