package platform

import (
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// redis is a server inside this process. What the platform keeps in Redis may
// be lost at any time, so it need not outlive us.
type redis struct {
	server    *miniredis.Miniredis
	stopClock func()
}

func (p *Platform) startRedis() error {
	if given := p.opts.Env["REDIS_URL"]; given != "" {
		p.setEnv("REDIS_URL", given)
		p.progress.printf("Redis: the one in REDIS_URL")
		return nil
	}
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr(local(p.ports.Redis)); err != nil {
		return fmt.Errorf("start Redis: %w", err)
	}
	// Its keys expire only when it is told that time has passed.
	const tick = 100 * time.Millisecond
	p.redis = &redis{server: server, stopClock: every(tick, func() { server.FastForward(tick) })}
	p.progress.printf("Redis is up on %s, inside this process", local(p.ports.Redis))
	return nil
}

func (r *redis) close() {
	r.stopClock()
	r.server.Close()
}
