package links

import (
	"crypto/ed25519"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	public = "https://boxoffice.example"
	id     = "6f1d2c3b-4a59-5687-9706-a5b4c3d2e1f0"
)

func newKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	return key
}

func newLinks(t *testing.T, keys ...ed25519.PrivateKey) *Links {
	t.Helper()
	l, err := New(public, keys)
	require.NoError(t, err)
	return l
}

func TestATokenOpensItsBooking(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	token := newLinks(t, key).Token(Read, id)
	assert.Regexp(t, `^1[\w-]{22}$`, token)
	assert.True(t, newLinks(t, key).Verify(token, Read, id), "in another process with the same key")
	assert.True(t, newLinks(t, key).Verify(token, Read, strings.ToUpper(id)), "as some programs write ids")
	assert.Equal(t, token, newLinks(t, key).Token(Read, id), "a message that is sent again says the same")
	assert.NotEqual(t, token, newLinks(t, key).Token(Read, uuid.NewString()))
}

func TestKeysChange(t *testing.T) {
	t.Parallel()
	former, next := newKey(t), newKey(t)
	token := newLinks(t, former).Token(Read, id)
	assert.True(t, newLinks(t, former, next).Verify(token, Read, id), "the next key is there")
	assert.True(t, newLinks(t, next, former).Verify(token, Read, id), "the next key signs")
	assert.False(t, newLinks(t, next).Verify(token, Read, id), "the former key is retired")
	assert.Equal(t, newLinks(t, next).Token(Read, id), newLinks(t, next, former).Token(Read, id), "the first signs")
}

func TestForgedTokensOpenNothing(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	l := newLinks(t, key)
	token := l.Token(Read, id)
	ticketLike := encoding.EncodeToString(ed25519.Sign(key, []byte(version+"\x00read\x00"+id)))
	for name, forged := range map[string]string{
		"nothing":           "",
		"only a version":    version,
		"none signed":       version + strings.Repeat("A", 22),
		"no version":        token[1:],
		"another version":   "2" + token[1:],
		"cut":               token[:len(token)-1],
		"cut to half":       token[:len(token)/2],
		"longer":            token + "A",
		"twice":             token + token[1:],
		"padded":            token + "==",
		"line break":        token[:8] + "\n" + token[8:],
		"line break in 23":  token[:8] + "\n" + token[9:],
		"space":             " " + token,
		"escaped":           strings.ReplaceAll(token, "1", "%31"),
		"lower case":        strings.ToLower(token) + "a",
		"other booking":     l.Token(Read, uuid.NewString()),
		"other scope":       l.Token("write", id),
		"no scope":          l.Token("", id),
		"wrong key":         newLinks(t, newKey(t)).Token(Read, id),
		"ticket's key":      ticketLike,
		"cut ticket's key":  version + ticketLike[:22],
		"not an id":         l.Token(Read, "nope"),
		"not base64":        version + strings.Repeat("!", 22),
		"another alphabet":  version + strings.Repeat("/", 22),
		"bytes that are no": version + strings.Repeat("\xff", 22),
	} {
		assert.False(t, l.Verify(forged, Read, id), "%s: %q", name, forged)
	}
	for i := range token {
		for bit := range 8 {
			flipped := []byte(token)
			flipped[i] ^= 1 << bit
			assert.False(t, l.Verify(string(flipped), Read, id), "bit %d of character %d", bit, i)
		}
	}
	for _, other := range []string{"", "nope", uuid.NewString(), uuid.Nil.String(), id[:35], id + "0", "../" + id} {
		assert.False(t, l.Verify(token, Read, other), other)
	}
	assert.False(t, l.Verify(token, "", id))
	assert.False(t, l.Verify(token, "write", id))
}

func TestALinkEndsDaysAfterTheShow(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	for ended, expired := range map[time.Duration]bool{
		-time.Hour: false, time.Hour: false, 6 * 24 * time.Hour: false,
		7 * 24 * time.Hour: false, 7*24*time.Hour + time.Second: true, 365 * 24 * time.Hour: true,
	} {
		assert.Equal(t, expired, Expired(now.Add(-ended), now), "the show ended %s ago", ended)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	l := newLinks(t, newKey(t))
	token := l.Token(Read, id)
	assert.Equal(t, public+"/bookings/"+id+"?key="+token, l.Address("/bookings/"+id, Read, id))
	assert.Equal(t, public+"/bookings/"+id+"?paid&key="+token, l.Address("/bookings/"+id+"?paid", Read, id))
	slash, err := New(public+"/", []ed25519.PrivateKey{newKey(t)})
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(slash.Address("/tickets/"+id, Read, id), public+"/tickets/"))
}

func TestShortAddresses(t *testing.T) {
	t.Parallel()
	l := newLinks(t, newKey(t))
	short, found := strings.CutPrefix(l.Short(Read, id), public+"/b?")
	require.True(t, found)
	assert.LessOrEqual(t, len(public+"/b?"+short), len(public+"/bookings/"+id)+2)
	for _, query := range []string{short, short + "&utm_source=sms"} {
		of, token, readable := ReadShort(query)
		require.True(t, readable, query)
		assert.Equal(t, id, of)
		assert.True(t, l.Verify(token, Read, of))
	}
	for i := range short {
		for bit := range 8 {
			flipped := []byte(short)
			flipped[i] ^= 1 << bit
			of, token, _ := ReadShort(string(flipped))
			assert.False(t, l.Verify(token, Read, of), "bit %d of character %d", bit, i)
		}
	}
	for _, cut := range []string{"", "1", short[1:], short[:23], short[:22], "key=" + short, "&" + short, "1" + strings.Repeat("!", 44)} {
		_, _, readable := ReadShort(cut)
		assert.False(t, readable, cut)
	}
	of, token, _ := ReadShort(short[:len(short)-1])
	assert.Equal(t, id, of)
	assert.False(t, l.Verify(token, Read, of), "cut at the end")
}

func TestTheCookieIsForOneBooking(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	for address, expected := range map[string]http.Cookie{
		"https://boxoffice.example": {Name: "__Secure-boxoffice_booking", Secure: true},
		"http://127.0.0.1:8080":     {Name: "boxoffice_booking"},
	} {
		l, err := New(address, []ed25519.PrivateKey{key})
		require.NoError(t, err)
		token := l.Token(Read, id)
		cookie := l.Cookie(id, token)
		assert.Equal(t, expected.Name, cookie.Name)
		assert.Equal(t, expected.Secure, cookie.Secure)
		assert.Equal(t, "/v1/bookings/"+id, cookie.Path)
		assert.Empty(t, cookie.Domain)
		assert.True(t, cookie.HttpOnly)
		assert.Equal(t, http.SameSiteStrictMode, cookie.SameSite)
		require.NoError(t, cookie.Valid())

		r := httptest.NewRequest(http.MethodGet, "/v1/bookings/"+id, nil)
		assert.False(t, l.Sent(r))
		r.AddCookie(&http.Cookie{Name: cookie.Name, Value: "planted"})
		assert.True(t, l.Sent(r))
		assert.False(t, l.Opens(r, Read, id))
		r.AddCookie(cookie)
		assert.True(t, l.Opens(r, Read, id), "beside one of the same name from elsewhere")
		assert.False(t, l.Opens(r, Read, uuid.NewString()))
		assert.Negative(t, l.Forget(id).MaxAge)
		assert.Equal(t, cookie.Path, l.Forget(id).Path)
	}
}

func TestNewNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "boxoffice.example", "ftp://boxoffice.example", "https://", ":"} {
		_, err := New(address, []ed25519.PrivateKey{newKey(t)})
		assert.ErrorContains(t, err, "PublicURL", address)
	}
	_, err := New(public, nil)
	assert.ErrorContains(t, err, "key is missing")
}
